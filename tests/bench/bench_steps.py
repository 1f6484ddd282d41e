"""Start-up time of the command line, and seconds and peak memory of every step on the demo data."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

EFFACE = str(Path(sys.executable).with_name("efface"))
DEMO = Path("examples/fashion")
ROUNDS = 7
STEPS = 40


def main() -> None:
    """Print both; each step is a process of its own."""
    seconds = [run("--help")[0] for _ in range(ROUNDS + 1)][1:]
    median = float(np.median(seconds))
    print(f"efface --help: {median:.3f} s, median of {ROUNDS}   (asked: below 0.5)")
    print(f"{'step':10}{'seconds':>9}{'peak MiB':>10}   unlearn takes {STEPS} steps here")
    with tempfile.TemporaryDirectory() as folder:
        for name, words in commands(Path(folder)).items():
            took, peak = run(name, *words)
            print(f"{name:10}{took:9.1f}{peak:10.0f}")


def commands(folder: Path) -> dict[str, list[str]]:
    """The steps in order, with their options."""
    (folder / "tickets").mkdir()
    ticket = (DEMO / "tickets" / "brand-owner.json").read_text()
    (folder / "tickets" / "brand-owner.json").write_text(ticket)
    place = ["--run-id", "bench", "--workspace", f"{folder}/workspace"]
    policy = ["--policy", f"{DEMO}/policy.yaml"]
    sets = ["--sets", f"{folder}/sets", *policy]
    models = ["--before", f"{folder}/before", "--after", f"{folder}/after"]
    judged = ["--report", f"{folder}/report.json", *policy, "--after", f"{folder}/after"]
    tickets = ["--tickets", f"{folder}/tickets"]
    dataset = ["--dataset", f"{DEMO}/data", "--out", f"{folder}/batch"]
    shown = ["--report", f"{folder}/report.json", "--verdict", f"{folder}/verdict.json"]
    training = ["--model", f"{DEMO}/model", "--set", f"steps={STEPS}", "--set", "probe_every=0"]
    return {
        "intake": [*tickets, *dataset, *place],
        "shard": ["--batch", f"{folder}/batch", *policy, "--out", f"{folder}/sets", *place],
        "unlearn": [*sets, *models, *training, *place],
        "evaluate": [*sets, *models, "--out", f"{folder}/report.json", *place],
        "gate": [*judged, "--out", f"{folder}/verdict.json", *place],
        "explain": [*sets, *models, *shown, "--out", f"{folder}/page.html"],
        "settle": [*tickets, *place],
    }


def run(*words: str) -> tuple[float, float]:
    """Run one command; its seconds and peak resident memory in MiB. Exit 3 is an answer too."""
    started = time.perf_counter()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([EFFACE, *words], **quiet)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 3):
        raise SystemExit(f"efface {' '.join(words)} ended with {process.returncode}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
