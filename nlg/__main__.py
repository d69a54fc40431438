"""Run nlg as a module: `python -m nlg poem --sample`."""

from nlg.cli.main import main

if __name__ == "__main__":
    main()
