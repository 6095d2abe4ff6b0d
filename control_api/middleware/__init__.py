"""What wraps every request, from the outside in: secure, (CORS), observe, account, bound."""

from control_api.middleware.account import Account
from control_api.middleware.bounds import Bounds
from control_api.middleware.observe import Observe
from control_api.middleware.secure import SecurityHeaders

__all__ = ["Account", "Bounds", "Observe", "SecurityHeaders"]
