"""What is acknowledged stays, and what fails leaves nothing half done (P5 to P7)."""
