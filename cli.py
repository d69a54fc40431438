"""Run nlg from a checkout: `python cli.py poem --sample`."""

from nlg.cli.main import main

if __name__ == "__main__":
    main()
