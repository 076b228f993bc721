"""``python -m nexhina_nb`` is the command ``nexhina``."""

from nexhina_nb.cli import main

if __name__ == "__main__":
    main()
