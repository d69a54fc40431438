"""Run nlg as a module: `python -m nlg poem --sample`."""

from nlg.cli.program import run

if __name__ == "__main__":
    run()
