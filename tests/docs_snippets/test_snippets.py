"""Whatever the README and the pages of docs let people type does what it should, or is listed with a reason.

A page's steps run in order, in a folder with invented files under the names that pages use. What is done otherwise
than a reader would do it stands in ``table.py``.
"""

import re

import pytest

from docs_snippets.options import faults
from docs_snippets.pages import SHELL, SHOWN, Block, blocks, command_lines, looks_typed, name_of, pages, spoken, steps
from docs_snippets.running import Bench
from docs_snippets.stand_ins import TRIAL, write_stand_ins
from docs_snippets.table import CHANGES, NOT_RUN, changed, not_run

PAGES = pages()
RUN = [page for page in PAGES if any(not_run(step.text) is None for step in steps(page))]
LOCAL = "http://127.0.0.1:8000"
"""Where pages say that ``cladmop serve`` listens."""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with the language model of this machine, where nothing is cached yet."""
    from cladmop.config import dictionaries_dir, weights_dir

    if not (weights_dir() / "minilm").is_dir():
        pytest.skip(f"needs the language model: run `cladmop models get minilm` (no {weights_dir()}/minilm)")
    folder = tmp_path_factory.mktemp("home")
    dictionaries_dir().mkdir(parents=True, exist_ok=True)
    (folder / "weights").symlink_to(weights_dir().absolute())
    (folder / "dictionaries").symlink_to(dictionaries_dir().absolute())
    return folder


@pytest.fixture(scope="module")
def at_home(home):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLADMOP_HOME", str(home))
        patch.setenv("CLADMOP_OFFLINE", "1")
        patch.setenv("COLUMNS", "80")
        yield patch


@pytest.fixture(scope="module")
def registry_url():
    """A registry of this machine that has the one study which pages ask for."""
    from sources.registry_server import registry, study

    with registry([study(1_234_567)]) as running:
        yield running.url


@pytest.fixture(scope="module")
def service(at_home):
    """The shipped model behind the REST API, as ``cladmop serve`` starts it, with the shipped past trials."""
    from cladmop.server.service import TrialService
    from cladmop.server.settings import Settings
    from serving import running

    with running(TrialService.open(Settings(port=0))) as one:
        yield f"http://127.0.0.1:{one.port}"


@pytest.mark.slow
@pytest.mark.timeout(600)  # the README has some thirty commands
@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_every_step_of_a_page_works(page, at_home, registry_url, request, tmp_path, monkeypatch):
    write_stand_ins(tmp_path)
    monkeypatch.chdir(tmp_path)
    bench = Bench(tmp_path)
    for step in steps(page):
        if not_run(step.text) is not None:
            continue
        text = changed(step.text).replace("REGISTRY", registry_url)
        if LOCAL in text:
            text = text.replace(LOCAL, request.getfixturevalue("service"))
        monkeypatch.setenv("CLADMOP_OFFLINE", "" if registry_url in text else "1")
        bench.run(step, text)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_is_run_listed_or_output(page):
    for block in blocks(page):
        assert block.language in {*SHELL, *SHOWN, "python"}, f"{block.page}:{block.line}: ```{block.language}"
        typed = block.language in SHOWN and looks_typed(block)
        assert not typed, f"{block.page}:{block.line}: commands in a block of {block.language}; write ```sh"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_of_python_is_python(page):
    for step in steps(page):
        if step.language == "python":
            compile(step.text, step.where, "exec")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_verb_option_target_and_extra_exists(page):
    """Of what is run and of what is not; of commands in sentences too."""
    typed = [step for step in steps(page) if step.language == "sh"] + spoken(page)
    assert {step.where: found for step in typed if (found := faults(step.text))} == {}


def test_no_entry_of_the_table_is_stale():
    """Each change and each exception is still needed by some page."""
    texts = [step.text for page in PAGES for step in steps(page)]
    for change in CHANGES:
        assert any(re.search(change.pattern, text) for text in texts), change
        texts = [re.sub(change.pattern, change.instead, text) for text in texts]
    texts = [step.text for page in PAGES for step in steps(page)]
    assert [one.pattern for one in NOT_RUN if not any(re.match(one.pattern, text) for text in texts)] == []
    assert all(one.reason for one in (*CHANGES, *NOT_RUN))


def test_the_trial_in_the_readme_is_read(tmp_path):
    from cladmop.sources.inputs import read_trials

    found = [block.text for block in blocks(PAGES[0]) if block.language == "json"]
    assert found
    for text in found:
        (tmp_path / "trial.json").write_text(text, encoding="utf-8")
        (trial,) = read_trials(tmp_path / "trial.json")
        assert trial.inclusion
        assert trial.exclusion
        assert trial.drugs


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("cladmop predikt trial.json", "no verb 'predikt'"),
        ("cladmop corpus build --sauce a.zip --out sct", "no option --sauce"),
        ("torchrun --nproc-per-node 2 -m cladmop scale pretrain sct --aus x", "no option --aus"),
        ("make dinner", "no make target dinner"),
        ("pip install 'cladmop[nn,spoons]'", "no extra spoons"),
        ("python benchmarks/no_such.py", "no script"),
        ("python benchmarks/service_load.py --no-such-option", "no option --no-such-option"),
    ],
)
def test_stale_commands_are_found(command, fault):
    assert fault in " ".join(faults(command))


def test_commands_are_read_as_a_shell_reads_them():
    text = "# all\n$ cladmop predict a.json \\\n    --json  # 'one' line\ncat > x <<'EOF'\na # b\nEOF\n\nls '#x' #y\n"
    found = list(command_lines(Block("page.md", 10, "sh", text)))
    assert found == [(12, "cladmop predict a.json --json"), (14, "cat > x <<'EOF'\na # b\nEOF"), (18, "ls '#x'")]


def test_what_fails_for_a_reader_fails_here(tmp_path, monkeypatch):
    from docs_snippets.pages import Step

    monkeypatch.chdir(tmp_path)
    bench = Bench(tmp_path)
    for language, text in (
        ("sh", "cladmop predict nothing.json"),
        ("sh", "cladmop predict"),
        ("sh", "frobnicate a.txt"),
        ("sh", "cat nothing.txt"),
    ):
        with pytest.raises(AssertionError, match=r"page\.md:3"):
            bench.run(Step("page.md", 3, language, text), text)
    with pytest.raises(NameError):
        bench.run(Step("page.md", 3, "python", "print(undefined)"), "print(undefined)")


def test_the_invented_trial_is_one():
    from cladmop.sources.fields import trial_from_fields

    assert trial_from_fields(TRIAL, "stand-in").nct_id == TRIAL["nctid"]
