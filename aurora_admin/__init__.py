"""Admin client of Apache Aurora, and a reference scheduler to rehearse restores with."""

__version__ = "0.1.0"
