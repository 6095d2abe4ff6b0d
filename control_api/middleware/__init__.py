"""What wraps every request, from the outside in: observe, secure, (CORS), bound."""

from control_api.middleware.bounds import Bounds
from control_api.middleware.observe import Observe
from control_api.middleware.secure import SecurityHeaders

__all__ = ["Bounds", "Observe", "SecurityHeaders"]
