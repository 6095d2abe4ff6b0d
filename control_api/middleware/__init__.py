"""What wraps every request, from the outside in: secure, (CORS), observe, bound."""

from control_api.middleware.bounds import Bounds
from control_api.middleware.observe import Observe
from control_api.middleware.secure import SecurityHeaders

__all__ = ["Bounds", "Observe", "SecurityHeaders"]
