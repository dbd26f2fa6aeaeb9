"""The stand-in providers as a program, to try things from a checkout: `python -m tests.fakes.server --ledger PATH`."""

from app.demo.stand_ins.server import main

if __name__ == "__main__":
    main()
