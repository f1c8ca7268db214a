"""What is tuned waits for something else: ten at a time, on one thread."""
import asyncio

import mushir


async def measure(size, wait):
    await asyncio.sleep(wait / 1000)
    return abs(size - 64) + wait


async def main():
    with mushir.Study({"size": mushir.Discrete([16, 32, 64, 128]), "wait": mushir.Int(1, 50)}, parallel=10) as study:
        await study.run_async(measure, trials=60)
        print(study.best)


asyncio.run(main())
