/** What went wrong, and what to do about it. */
export const failure = {
  'api-unreachable': {
    title: 'The Trinity service does not answer',
    text: 'The page could not reach it, so the call did not start. Check that it is running and that you are online, then try again.',
  },
  'token-refused': {
    title: 'You were not let in',
    text: 'The service refused this name or room. Change them, or ask whoever runs it.',
  },
  'too-many': {
    title: 'The service is busy',
    text: 'It takes no more calls at the moment. Please wait a minute and try again.',
  },
  'api-broken': {
    title: 'The service answered something unexpected',
    text: 'The call did not start. Trying again may help; if not, tell whoever runs it.',
  },
  'token-expired': {
    title: 'The invitation has expired',
    text: 'It took too long between asking to join and joining. Please join again.',
  },
  'livekit-unreachable': {
    title: 'The call server cannot be reached',
    text: 'The service let you in, but the media server does not answer. A firewall may be in the way, or it is not running.',
  },
  'join-failed': {
    title: 'The call could not be joined',
    text: 'Something went wrong while connecting. Please try again.',
  },
  'browser-unsupported': {
    title: 'This browser cannot make calls',
    text: 'It lacks WebRTC, or this page was not opened over https or on this machine itself.',
  },
  'microphone-refused': {
    title: 'The microphone is not allowed',
    text: 'You can read and type. To be heard, allow the microphone in your browser’s address bar, then unmute.',
  },
  'microphone-missing': {
    title: 'No microphone was found',
    text: 'You can read and type. Plug one in, then unmute.',
  },
  'microphone-busy': {
    title: 'The microphone cannot be opened',
    text: 'Another program may be using it. Close that program, then unmute. Until then you can read and type.',
  },
  'microphone-silent': {
    title: 'Your microphone sends only silence',
    text: 'It may be switched off at the device, or another program holds it. Choose another one or check its switch.',
  },
  'camera-refused': {
    title: 'The camera is not allowed',
    text: 'The others see your name only. To be seen, allow the camera in your browser’s address bar, then start it.',
  },
  'camera-missing': {
    title: 'No camera was found',
    text: 'The others see your name only. Plug one in, then start it.',
  },
  'camera-busy': {
    title: 'The camera cannot be opened',
    text: 'Another program may be using it. Close that program, then start the camera.',
  },
  'screen-failed': {
    title: 'The screen is not shared',
    text: 'The browser or the system did not allow it.',
  },
  'agent-missing': {
    title: 'The assistant has not come',
    text: 'Nobody answered for 20 seconds; it may not be running. It still joins when it can. You can wait, or leave and try again.',
  },
  'agent-left': {
    title: 'The assistant has left the call',
    text: 'It stopped, or was sent away. Start a new call to talk with it again.',
  },
} as const;

/** Why a call ended. */
export const disconnected = {
  left: 'You left the call.',
  'duplicate-identity': 'You joined from another window, so this one left the call.',
  'server-shutdown': 'The call server was shut down.',
  removed: 'Somebody removed you from the call.',
  'room-closed': 'The call was closed for everybody.',
  'state-mismatch': 'The call server no longer knew this connection.',
  'join-failure': 'The connection could not be set up completely. A firewall may be in the way.',
  'connection-lost': 'The connection was lost and did not come back.',
  'media-failure': 'Sound could not be sent or received.',
  'agent-error': 'The assistant had a fault and the call ended.',
  'call-refused': 'The call was not taken.',
  'phone-failure': 'The telephone line failed.',
  unknown: 'The call server ended the call and gave no reason.',
} as const;
