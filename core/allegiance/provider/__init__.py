"""One model call: the cache of responses, the throttle and the retries.

Nothing here is public: `allegiance.play` makes the calls.
"""
