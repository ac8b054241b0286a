"""report.json keeps to its schema, whatever was unknown; the page and the table show the same figures."""
import io
import json
import re

import jsonschema
import numpy as np
import pytest
from rich.console import Console

from vla_async import embodiment
from vla_async.replay.report import SCHEMA, make_report, print_table, write_json, write_report
from vla_async.replay.trace import EpisodeFacts, RecordedEpisode, TraceRecorder
from vla_async.types import ActionChunk, FusionReport, JointCommand, Latent

S, MS = 10**9, 10**6
ROBOT = embodiment.load('astribot_s1')
SCHEMA_DATA = json.loads(SCHEMA.read_text())
PROVENANCE = {'checkpoint': 'astribot_s1_touch', 'options': {'time': 'virtual'}}


def moving(seed, success=True, instruction='touch the <b>red</b> cube'):
    """Half a second in which two joints move."""
    recorder, zero = TraceRecorder(ROBOT.joint_names), np.zeros(ROBOT.dof)
    embedding = np.zeros((1, 4), np.float16)
    for i in range(1, 3):
        recorder.latent(Latent(S, S + 150 * MS * i, i, 1, 'go', 'm', embedding, embedding))
    for i in range(15):
        seen_ns = S + 33 * MS * i
        rows = np.linspace(i, i + 8, 32)[:, None] / 60 * np.eye(ROBOT.dof)[9]
        chunk = ActionChunk(seen_ns, 33 * MS, rows, sequence=i, observation_ns=seen_ns, latent_ns=S,
                            inference_ns=15 * MS)
        recorder.chunk(chunk)
        recorder.fusion(FusionReport(i, True), chunk, seen_ns + 15 * MS, seen_ns + 16 * MS)
    for sent_ns in range(S, S + 500 * MS, 8 * MS):
        position = zero.copy()
        position[[9, 10]] = (sent_ns - S) / S * np.array([0.5, 0.2])
        recorder.set_point(JointCommand(sent_ns, position, zero, zero), sent_ns, sent_ns - 5 * MS, 'following', False)
    facts = EpisodeFacts('touch', seed, instruction, success, success, 'success' if success else 'time limit')
    return RecordedEpisode(facts, recorder.finish(S, S + 500 * MS))


def nothing(seed):
    """An episode in which nothing came."""
    return RecordedEpisode(EpisodeFacts('touch', seed, 'go', False, False, 'time limit'),
                           TraceRecorder(ROBOT.joint_names).finish(S, 2 * S))


@pytest.mark.parametrize('episodes', [[], [nothing(1)], [moving(1), nothing(2), moving(3, False)]])
def test_a_report_keeps_to_its_schema(episodes):
    report = json.loads(json.dumps(make_report(episodes, ROBOT, PROVENANCE), allow_nan=False))
    jsonschema.Draft202012Validator.check_schema(SCHEMA_DATA)
    jsonschema.validate(report, SCHEMA_DATA)


def test_the_published_keys_of_an_episode_stay():
    published = {
        'task', 'seed', 'instruction', 'success', 'correct_target', 'duration_s', 'slow_rate_hz', 'chunk_rate_hz',
        'command_rate_hz', 'latent_age_ms', 'chunk_age_ms', 'image_to_command_ms', 'seam', 'command', 'late_ticks',
        'idle_ticks', 'node_restarts'}
    assert published <= set(SCHEMA_DATA['$defs']['episode']['required'])


def test_a_key_that_is_missing_or_unknown_breaks_the_schema():
    report = make_report([moving(1)], ROBOT, PROVENANCE)
    for spoil in (lambda e: e.pop('seam'), lambda e: e.update(latency=1)):
        spoilt = json.loads(json.dumps(report))
        spoil(spoilt['episodes'][0])
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(spoilt, SCHEMA_DATA)


def test_the_summary_counts_successes_and_ignores_what_is_unknown():
    summary = make_report([moving(1), nothing(2), moving(3, False)], ROBOT, PROVENANCE)['summary']
    assert summary['success']['count'] == 1
    assert summary['success']['interval_95'] == pytest.approx((0.0615, 0.7923), abs=1e-3)
    assert summary['command_rate_hz_median'] == pytest.approx(125.0)
    assert make_report([nothing(2)], ROBOT, PROVENANCE)['summary']['command_rate_hz_median'] is None


def test_the_same_rows_give_the_same_file(tmp_path):
    for name in ('a.json', 'b.json'):
        write_json(make_report([moving(1)], ROBOT, PROVENANCE), tmp_path / 'new' / name)
    assert (tmp_path / 'new/a.json').read_bytes() == (tmp_path / 'new/b.json').read_bytes()


def test_the_page_stands_alone_and_shows_instructions_as_text(tmp_path):
    write_report(tmp_path, [moving(1), nothing(2)], ROBOT, PROVENANCE)
    page = (tmp_path / 'report.html').read_text()
    assert '<b>red</b>' not in page
    assert '&lt;b&gt;red&lt;/b&gt;' in page
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert page.count('data:image/png;base64,') == 4
    assert json.loads((tmp_path / 'report.json').read_text())['provenance']['robot'] == 'astribot_s1'


def test_the_table_fits_eighty_columns_and_keeps_its_figures():
    out = io.StringIO()
    instruction = 'put your [left] hand on the purple cylinder'
    print_table(make_report([moving(1, instruction=instruction), nothing(2)], ROBOT, PROVENANCE),
                Console(file=out, width=80))
    assert '125.0' in out.getvalue()
    assert '[left]' in out.getvalue()
    assert '1 of 2 episodes succeeded' in out.getvalue()
