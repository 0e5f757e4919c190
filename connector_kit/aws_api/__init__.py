"""One way to call an operation of AWS: credentials, signatures, limits, retries and errors. Extra: ``aws``.

botocore is imported when an `AwsApi` is made, because that takes 0.1 s, and who only validates a config makes none.
"""

from importlib.util import find_spec

if find_spec("botocore") is None:
    message = 'connector_kit.AwsApi needs botocore. Install it: pip install "logto-connector-kit[aws]"'
    raise ModuleNotFoundError(message, name="botocore")
