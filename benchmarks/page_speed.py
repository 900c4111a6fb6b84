"""Lighthouse's scores of the built site, as a phone on a slow network would load it.

Run it from the root of the project, with Node.js and Chromium installed and the site built:
``python -m benchmarks.page_speed``, or with pages: ``python -m benchmarks.page_speed index mnist``.
The pages take turns, and each row is the run whose performance is the median. Lighthouse supposes
a processor four times slower than the one it runs on, so the scores depend on the machine: its
``benchmarkIndex`` says how fast that is, and a common laptop has 1500 to 2000. Scores below that
are too low, and scores of a busy machine mean nothing.
"""

import argparse
import gzip
import json
import os
import shlex
import subprocess
import sys
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

ROOT = Path(__file__).parent.parent
PAGES = ("index", "definition", "cross-entropy", "mnist", "attention")
LIGHTHOUSE = os.environ.get("LIGHTHOUSE", "npx --yes lighthouse@12.8.2")
CHROME = "--headless=new --no-sandbox"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
METRICS = {
    "first paint": "first-contentful-paint",
    "largest": "largest-contentful-paint",
    "speed index": "speed-index",
    "blocked": "total-blocking-time",
    "shift": "cumulative-layout-shift",
}


@cache
def compressed(path):
    return gzip.compress(path.read_bytes())


class Host(SimpleHTTPRequestHandler):
    """Serves files as the usual hosts do: text compressed, everything to be kept for a while."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        """Say nothing."""

    def do_GET(self):
        """Send a file."""
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        kind = self.guess_type(path)
        text = kind.startswith("text/") or "javascript" in kind or "svg" in kind
        content = compressed(path) if text else path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", kind + "; charset=utf-8" * text)
        if text:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "max-age=600")
        self.end_headers()
        self.wfile.write(content)


def report(address):
    """Return what Lighthouse says about a page on a phone."""
    command = [*shlex.split(LIGHTHOUSE), address, "--quiet", "--output=json"]
    run = subprocess.run(
        [*command, f"--chrome-flags={CHROME}"], capture_output=True, text=True, check=False
    )
    if run.returncode:
        sys.exit(f"Lighthouse failed at {address}:\n{run.stderr}")
    return json.loads(run.stdout)


def performance(found):
    return found["categories"]["performance"]["score"]


def row(name, found):
    scores = [round(100 * found["categories"][category]["score"]) for category in CATEGORIES]
    metrics = [found["audits"][metric]["displayValue"] for metric in METRICS.values()]
    cells = [f"{cell:>15}" for cell in scores] + [f"{cell.strip():>13}" for cell in metrics]
    return f"{name:20}" + "".join(cells) + f"{found['environment']['benchmarkIndex']:>10.0f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", nargs="*", default=PAGES)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--site", type=Path, default=ROOT / "_build" / "html")
    parser.add_argument("--keep", type=Path, help="a folder for the reports")
    arguments = parser.parse_args()

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Host, directory=arguments.site))
    Thread(target=server.serve_forever, daemon=True).start()
    book = f"http://127.0.0.1:{server.server_port}/book"
    reports = {page: [] for page in arguments.pages}
    for _ in range(arguments.runs):
        for page, found in reports.items():
            found.append(report(f"{book}/{page}.html"))
    heads = [f"{head:>15}" for head in CATEGORIES] + [f"{head:>13}" for head in METRICS]
    print(f"{'page':20}" + "".join(heads) + f"{'benchmark':>10}")
    for page, found in reports.items():
        middle = sorted(found, key=performance)[len(found) // 2]
        print(row(page, middle))
        if arguments.keep:
            arguments.keep.mkdir(parents=True, exist_ok=True)
            (arguments.keep / f"{page}.json").write_text(json.dumps(middle), encoding="utf-8")
    server.shutdown()


if __name__ == "__main__":
    main()
