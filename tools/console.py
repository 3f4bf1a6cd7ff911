# SPDX-License-Identifier: MulanPSL-2.0
"""Build the web console and embed it into one C file:  console.py CONSOLE OUT.c DEPFILE

What is built is kept under the digest of all sources, in WARD_CONSOLE_CACHE or ~/.cache/ward-console (console/.cache without a home that
can be written), so that several build folders share one run, and one at a time. `npm ci` runs only when package-lock.json is not what node_modules was made from; scripts of packages are
not run. Texts are compressed beforehand (brotli by node, gzip). Without a console (CONSOLE is "-", or has no package.json) there is one
page that says so.

    console.py --built CONSOLE    only print the folder with what was built
"""
import contextlib
import fcntl
import gzip
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

LEFT_OUT = {"node_modules", "dist", "mock", "test", "tests"}
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".json": "application/json", ".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon", ".webp": "image/webp",
         ".woff2": "font/woff2", ".woff": "font/woff", ".ttf": "font/ttf", ".txt": "text/plain; charset=utf-8",
         ".webmanifest": "application/manifest+json", ".wasm": "application/wasm", ".map": "application/json"}
COMPRESSED = {".html", ".js", ".css", ".json", ".svg", ".txt", ".webmanifest", ".ico", ".ttf", ".wasm"}
KEPT = 8  # builds in the cache
BROTLI = """const fs = require('fs'), zlib = require('zlib');
for (const name of process.argv.slice(1)) {
  const text = fs.readFileSync(name);
  fs.writeFileSync(name + '.br', zlib.brotliCompressSync(text, {params: {[zlib.constants.BROTLI_PARAM_QUALITY]: 11,
    [zlib.constants.BROTLI_PARAM_SIZE_HINT]: text.length}}));
}"""
PLACEHOLDER = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>ward</title></head>
<body><h1>ward</h1><p>This program was built without its console. The API is at /api.</p></body></html>
"""


def fail(*lines):
    print("console: " + "\n         ".join(lines), file=sys.stderr)
    sys.exit(1)


def sources(console):
    files, folders = [], []
    for path, names, plain in os.walk(console):
        names[:] = sorted(name for name in names if not name.startswith(".") and not (path == str(console) and name in LEFT_OUT))
        folders.append(path)
        files += [os.path.join(path, name) for name in plain if not name.startswith(".") and not name.endswith(("~", ".md"))]
    return sorted(files), folders


def digest(console, files):
    total = hashlib.sha256(pathlib.Path(__file__).read_bytes())
    for path in files:
        total.update(os.path.relpath(path, console).encode() + b"\0" + hashlib.sha256(pathlib.Path(path).read_bytes()).digest())
    return total.hexdigest()[:32]


@contextlib.contextmanager
def locked(path):
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def npm(console, *args):
    env = os.environ | {"NO_COLOR": "1", "npm_config_update_notifier": "false"}
    try:
        return subprocess.run(["npm", *args], cwd=console, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
    except FileNotFoundError:
        fail("npm is missing; install nodejs and npm (debian/control), or configure with -Dconsole=false")


def install(console):
    """node_modules is what package-lock.json says; the stamp remembers of which."""
    lock = hashlib.sha256((console / "package-lock.json").read_bytes()).hexdigest()
    stamp = console / "node_modules" / ".ward-lock"
    if stamp.exists() and stamp.read_text() == lock:
        return
    done = npm(console, "ci", "--no-audit", "--no-fund", "--ignore-scripts")
    if done.returncode != 0:
        registry = npm(console, "config", "get", "registry").stdout.strip().splitlines()[-1:]
        said = [line for line in done.stdout.splitlines() if line.startswith(("npm error", "npm ERR!"))]
        fail(*said[:12], "",
             f"the packages of the console could not be fetched from {' '.join(registry)}",
             "is the network up? Another registry: npm config set registry https://registry.npmmirror.com",
             "Behind a proxy that opens TLS: NODE_EXTRA_CA_CERTS=its-ca.pem make …",
             "Without the console: meson configure BUILD -Dconsole=false")
    stamp.write_text(lock)


def compress(folder):
    texts = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix in COMPRESSED and path.stat().st_size > 400]
    for path in texts:
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
    if texts:
        subprocess.run(["node", "-e", BROTLI, *map(str, texts)], check=True)


def cache_folder(console):
    given = os.environ.get("WARD_CONSOLE_CACHE")
    base = pathlib.Path(given) if given else pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "ward-console"
    for folder in (base, console / ".cache") if not given else (base,):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
            if folder != base:  # npm, too, would write into that home
                os.environ["npm_config_cache"] = str(folder / "npm")
            return folder
        except OSError as wrong:
            said = wrong
    fail(f"cannot keep the built console: {said}", "name a folder that can be written: WARD_CONSOLE_CACHE=FOLDER make …")


def prune(cache):
    """Only the newest builds stay."""
    old = sorted((path for path in cache.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime, reverse=True)[KEPT:]
    for path in old:
        shutil.rmtree(path, ignore_errors=True)


def built(console, files):
    """The folder with all files of the console, and .gz and .br beside them."""
    cache = cache_folder(console)
    folder = cache / digest(console, files)
    if folder.is_dir():
        os.utime(folder)
        return folder
    with locked(cache / "lock"), locked(console / ".ward-build.lock"):
        if folder.is_dir():
            return folder
        install(console)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".new-") as new:
            out = pathlib.Path(new) / "dist"
            done = npm(console, "run", "--silent", "build", "--", "--outDir", str(out), "--emptyOutDir")
            if done.returncode != 0 or not (out / "index.html").exists():
                fail(*done.stdout.strip().splitlines()[-40:], "the console does not build (cd console && npm run build)")
            compress(out)
            out.rename(folder)
        prune(cache)
    return folder


def placeholder():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ward-console-"))
    (folder / "index.html").write_text(PLACEHOLDER)
    return folder


def block(symbol, path):
    """The bytes of a file, between two symbols."""
    quoted = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return (f'__asm__(".pushsection .rodata.ward_asset,\\"a\\",%progbits\\n\\t.balign 16\\n"\n'
            f'\t".globl {symbol}\\n.hidden {symbol}\\n{symbol}:\\n\\t.incbin \\"{quoted}\\"\\n"\n'
            f'\t".globl {symbol}_end\\n.hidden {symbol}_end\\n{symbol}_end:\\n\\t.byte 0\\n.popsection\\n");\n'
            f'extern const char {symbol}[], {symbol}_end[] __attribute__((visibility("hidden")));')


def embed(folder, out):
    """The assembler reads the files from beside OUT, where they stay."""
    beside = out.with_suffix(".files")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    plain = [path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".gz", ".br")]
    plain.sort(key=lambda path: path.relative_to(folder).as_posix().encode())
    total, lines, rows = hashlib.sha256(), [], []
    for number, path in enumerate(plain):
        name = "/" + path.relative_to(folder).as_posix()
        data = path.read_bytes()
        tag = hashlib.sha256(data).hexdigest()[:20]
        total.update(name.encode() + tag.encode())
        codings = []
        for coding, suffix in (("plain", ""), ("gzip", ".gz"), ("brotli", ".br")):
            source = path.with_name(path.name + suffix)
            if not source.exists() or (suffix and source.stat().st_size >= len(data)):
                codings.append("{ NULL, NULL }")
                continue
            kept = beside / f"{number}{suffix}"
            shutil.copyfile(source, kept)
            symbol = f"ward_asset_{number}_{coding}"
            lines.append(block(symbol, kept.resolve()))
            codings.append(f"{{ {symbol}, {symbol}_end }}")
        kind = TYPES.get(path.suffix, "application/octet-stream")
        forever = "true" if name.startswith("/assets/") else "false"
        rows.append(f'\t{{ "{name}", "{kind}", "{tag}", {forever}, {{ {", ".join(codings)} }} }},')
    lines.append('__asm__(".pushsection .note.GNU-stack,\\"\\",%progbits\\n.popsection\\n");')
    text = "\n".join(["/* Made by tools/console.py. */", '#include "web/assets_table.h"', "", *lines, "", f"/* {total.hexdigest()} */",
                      "const struct asset_entry asset_table[] = {", *rows, "};", f"const size_t asset_table_count = {len(rows)};", ""])
    out.write_text(text)


def escape(path):
    """For a make-style depfile."""
    return str(path).replace("\\", "\\\\").replace(" ", "\\ ").replace("#", "\\#").replace("$", "$$")


def main():
    only_print = sys.argv[1] == "--built"
    where = sys.argv[2] if only_print else sys.argv[1]
    console = pathlib.Path(where).resolve()
    there = where != "-" and (console / "package-lock.json").exists()
    files, folders = sources(console) if there else ([], [])
    folder = built(console, files) if there else placeholder()
    if only_print:
        print(folder)
        return
    out, depfile = pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    embed(folder, out)
    if not there:
        shutil.rmtree(folder)
    depends = [*files, *folders, __file__] if there else [__file__] if where == "-" else [__file__, console if console.is_dir() else console.parent]
    depfile.write_text(escape(out) + ":" + "".join(f" \\\n  {escape(path)}" for path in depends) + "\n")


main()
