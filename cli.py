"""Run nlg from a checkout: `python cli.py poem --sample`."""

from nlg.cli.program import run

if __name__ == "__main__":
    run()
