from vla_async.viz.caption import Caption


def test_ages_are_told_in_seconds():
    assert Caption('following', 3_500_000_000, 3_000_000_000, 3_450_000_000).ages == (
        'latent 0.50 s old, chunk 0.05 s old')


def test_what_never_came_or_lies_ahead_has_no_age():
    assert Caption('', 10, None, 11).ages == 'latent of unknown age, chunk of unknown age'
