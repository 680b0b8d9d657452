"""``python -m pycrm`` is the command line."""

from pycrm.cli import main

if __name__ == "__main__":
    main()
