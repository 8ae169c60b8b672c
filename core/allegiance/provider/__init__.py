"""One model call: the cache of responses, the throttle and the retries.

``allegiance.play`` makes the calls; the package has no public names.
"""

__all__: list[str] = []
