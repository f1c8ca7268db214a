"""A trial that trains nothing: reads its parameters from the environment and reports a metric that falls."""
import argparse
import json
import os
import time

parser = argparse.ArgumentParser()
parser.add_argument("--metric", required=True)
parser.add_argument("--steps", type=int, default=1)
parser.add_argument("--sleep", type=float, default=0)
parser.add_argument("--flat", action="store_true", help="always report 0.5: no goal is reached")
parser.add_argument("--diary", help="append 'begin NAME' and 'end NAME' to this file")
options = parser.parse_args()


def diary(word):
    if options.diary:
        with open(options.diary, "a") as file:
            file.write(f"{word} {os.environ['MUSHIR_TRIAL_NAME']}\n")


def number(text):
    try:
        return float(text)
    except ValueError:
        return float(len(text))


diary("begin")
total = 0.5 if options.flat else sum(number(v) for v in json.loads(os.environ["MUSHIR_PARAMETERS"]).values())
for step in range(1, options.steps + 1):
    print(f"{options.metric}={total / step!r}", flush=True)
    time.sleep(options.sleep)
diary("end")
