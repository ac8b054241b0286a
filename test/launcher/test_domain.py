import socket

from vla_async.launcher import domain
from vla_async.launcher.domain import claim_free_domain, in_use


def test_two_claims_never_get_the_same_domain():
    first = claim_free_domain(40)
    second = claim_free_domain(first.id - 1)
    try:
        assert first.id != second.id
    finally:
        first.release()
        second.release()


def test_a_released_domain_can_be_claimed_again():
    first = claim_free_domain(60)
    first.release()
    again = claim_free_domain(first.id - 1)
    again.release()
    assert again.id == first.id


def test_a_domain_whose_discovery_port_is_bound_is_in_use_and_passed_over():
    free = claim_free_domain(80)
    free.release()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as participant:
        participant.bind(('', domain.PORT_BASE + domain.PORTS_PER_DOMAIN * free.id))
        assert in_use(free.id)
        other = claim_free_domain(free.id - 1)
        other.release()
    assert other.id != free.id


def test_every_domain_lies_below_the_ports_that_linux_hands_out():
    highest = domain.PORT_BASE + domain.PORTS_PER_DOMAIN * (domain.DOMAINS + 1) - 1
    assert highest < 33000
