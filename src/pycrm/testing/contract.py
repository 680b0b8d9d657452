"""The contract of a plugin, as a test class that vendors subclass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from pycrm.errors import DeclarationError
from pycrm.testing.checks import CHECKS, is_loadable
from pycrm.testing.databases import KINDS
from pycrm.testing.fixtures import shared
from pycrm.testing.trial import Trial
from pycrm.testing.values import UnfitError

__all__ = ["GoldContract", "PluginContract", "SilverContract"]


class PluginContract:
    """What every plugin keeps, on SQLite, and on PostgreSQL where ``PYCRM_TEST_POSTGRESQL`` names a server.

    Subclass it in a test file and name the plugin; each of its tests is one promise::

        from loyalty import Loyalty
        from pycrm.testing import PluginContract


        class TestLoyalty(PluginContract):
            plugin = Loyalty

    - `plugin`: the class, or the name that it is installed by.
    - `beside`: the plugins that it requires, likewise.
    - `values`: what the examples of a record class need and its declaration does not tell, for each
      class: ``{Criterion: {"weight": 100}}``; functions without arguments are called. For rows a list
      of their classes, ``{Booking: {"places": [Place]}}``.
    - `common`: the record classes that everybody may see, such as a price list.
    - `by_system`: the record classes that people may not enter, and the system enters for them.
    - `kinds`: on which databases; all that there are, where it does not say ``("sqlite",)``.

    These promises are the level bronze; `SilverContract` and `GoldContract` have further ones.
    """

    plugin: ClassVar[Any] = None
    beside: ClassVar[tuple[Any, ...]] = ()
    values: ClassVar[Mapping[type[Any], Mapping[str, Any]]] = {}
    common: ClassVar[tuple[type[Any], ...]] = ()
    by_system: ClassVar[tuple[type[Any], ...]] = ()
    kinds: ClassVar[tuple[str, ...]] = KINDS

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run each test on the databases that there are, of those that the class names."""
        if "trial" in metafunc.fixturenames:
            kinds = [kind for kind in KINDS if kind in metafunc.cls.kinds]
            metafunc.parametrize("trial", kinds, indirect=True, scope="class")

    @pytest.fixture(scope="class")
    @classmethod
    def trial(cls, request: pytest.FixtureRequest) -> Trial:
        """The plugin in the sample organisation, on one database for all tests of the class."""
        return Trial(
            cls.plugin,
            beside=cls.beside,
            values=cls.values,
            common=cls.common,
            by_system=cls.by_system,
            databases=shared(request.config, request.param),
            kinds=cls.kinds,
        )

    def test_loads_beside_core(self, trial: Trial) -> None:
        """The plugin loads beside core and what it requires."""
        _hold("loading", trial)

    def test_imports_public_names(self, trial: Trial) -> None:
        """The plugin is written against what stays, and not against the inside of pycrm."""
        _hold("imports", trial)

    def test_names_bear_its_prefix(self, trial: Trial) -> None:
        """Nothing of the plugin bears a name that another plugin may have."""
        _hold("prefixes", trial)

    def test_labels_in_both_languages(self, trial: Trial) -> None:
        """People who read English and people who read Chinese find every name in their language."""
        _hold("labels", trial)

    def test_hooks_fit(self, trial: Trial) -> None:
        """Every hook method is called, for the classes that it is written for."""
        _hold("hooks", trial)

    def test_scope_on_every_path(self, trial: Trial) -> None:
        """A record is seen by its owner and the owner's leader, and by nobody beside them."""
        _hold("scope", trial)

    def test_migrations_up_and_down(self, trial: Trial) -> None:
        """Migrations go down and up on filled tables and lead to what is declared."""
        _hold("migrations", trial)

    def test_people_are_erased(self, trial: Trial) -> None:
        """Whoever is erased is named nowhere any more in what the plugin keeps of them."""
        _hold("erasure", trial)

    def test_records_are_handed_over(self, trial: Trial) -> None:
        """What somebody who leaves owns goes to a colleague."""
        _hold("handover", trial)

    def test_data_outlive_the_plugin(self, trial: Trial) -> None:
        """While the plugin is away everything else works and its rows stay; it comes back to them."""
        _hold("disabling", trial)


class SilverContract(PluginContract):
    """What a good plugin does besides, of which nobody else can look after its users' data and time."""

    def test_ships_migrations(self, trial: Trial) -> None:
        """Whoever updates the plugin keeps the data in its tables."""
        _hold("shipping", trial)

    def test_explains_itself(self, trial: Trial) -> None:
        """Whoever meets a name of the plugin finds a sentence that says what it is for."""
        _hold("explaining", trial)

    def test_acts_are_whole(self, trial: Trial) -> None:
        """Whose act fails, wherever it fails, finds nothing half done."""
        _hold("wholeness", trial)

    def test_nothing_is_told(self, trial: Trial) -> None:
        """Nobody learns from any answer or act that others have entered something."""
        _hold("secrecy", trial)


class GoldContract(SilverContract):
    """What a plugin does that others may take as a model."""

    def test_brings_sample_data(self, trial: Trial) -> None:
        """Whoever tries the plugin sees it at work at once."""
        _hold("sample", trial)

    def test_is_tried_on_both_databases(self, trial: Trial) -> None:
        """Whoever runs PostgreSQL has what was tried on it."""
        _hold("databases", trial)

    def test_weighs_little(self, trial: Trial) -> None:
        """Whoever works with customers all day does not wait for the plugin."""
        _hold("weight", trial)


def _hold(name: str, trial: Trial) -> None:
    if name not in ("loading", "hooks") and not is_loadable(trial):
        pytest.skip("the plugin does not load, as the other tests say")
    try:
        wrong = list(CHECKS[name](trial))
    except UnfitError as error:
        # Who mends the first wants to know of all.
        wrong = list(dict.fromkeys((*trial.unfit.values(), str(error))))
    except DeclarationError as error:
        wrong = [str(error)]
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)
