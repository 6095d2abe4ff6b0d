/** Every word of the page, in one place. Functions where a word depends on a value. */
export const strings = {
  product: 'Trinity',
  tagline: 'A voice assistant that runs on your own machine.',
  skip: 'Skip to the content',
  loading: 'Loading…',

  join: {
    title: 'Start a conversation',
    intro: 'Say hello and Trinity answers. It runs on your own system, not in a cloud.',
    name: 'Your name',
    nameHint: 'The others in the call see it.',
    nameMissing: 'Please enter a name.',
    nameTooLong: 'Please use a name of at most 64 characters.',
    room: 'Room',
    roomOptional: '(optional)',
    roomHint: 'Leave it empty for a fresh room of your own.',
    roomTooLong: 'Please use a room name of at most 64 characters.',
    assistant: 'Invite Trinity',
    assistantHint: 'Off: a call between people, without the assistant.',
    submit: 'Join the call',
    submitting: 'Joining…',
    cancel: 'Cancel',
  },

  microphone: {
    title: 'Microphone',
    why: 'Your browser will ask for the microphone, so that you can be heard. You can also join without one, read along and type.',
    check: 'Check my microphone',
    checking: 'Waiting for your browser…',
    choose: 'Microphone',
    standard: 'System default',
    unnamed: (index: number) => `Microphone ${index}`,
    level: 'Microphone level',
    silent: 'Say something: nothing is heard yet.',
    heard: 'We hear you.',
    mute: 'Mute',
    unmute: 'Unmute',
  },

  speaker: {
    title: 'Speaker',
    choose: 'Speaker',
    standard: 'System default',
    unnamed: (index: number) => `Speaker ${index}`,
    test: 'Play a test sound',
    playing: 'Playing…',
    played: 'Did you hear two notes? If not, check the volume or choose another speaker.',
    failed: 'The sound could not be played on this speaker. Choose another one.',
  },

  camera: {
    title: 'Camera',
    hint: 'Off: the others see your name only.',
    choose: 'Camera',
    standard: 'System default',
    unnamed: (index: number) => `Camera ${index}`,
    preview: 'What the others will see',
    start: 'Start camera',
    stop: 'Stop camera',
  },

  screen: { start: 'Share screen', stop: 'Stop sharing' },
  captions: 'Captions',
  devices: { title: 'Devices', done: 'Done' },

  people: {
    title: 'People in the call',
    count: (count: number) => `People (${count})`,
    stage: 'Pictures of people',
    screens: 'Shared screens',
    self: 'You',
    ownScreen: 'Your screen',
    screenOf: (name: string) => `Screen of ${name}`,
    assistant: 'assistant',
    phone: 'by telephone',
    muted: 'muted',
    speaking: 'speaking',
    quality: {
      excellent: '',
      good: '',
      unknown: '',
      poor: 'poor connection',
      lost: 'connection lost',
    },
    invite: 'Copy invitation link',
    invited: 'The link is on the clipboard. Who opens it joins this room.',
  },

  agent: {
    label: 'Assistant',
    connecting: { title: 'Connecting', hint: 'Trinity is on the way.' },
    listening: { title: 'Listening', hint: 'Go ahead, just speak.' },
    thinking: { title: 'Thinking', hint: 'One moment.' },
    speaking: { title: 'Speaking', hint: 'You may interrupt at any time.' },
    missing: { title: 'Not here', hint: 'Trinity has not joined the call.' },
    left: { title: 'Gone', hint: 'Trinity has left the call.' },
    absent: { title: 'No assistant', hint: 'This call is between people only.' },
  },

  transcript: {
    title: 'Transcript',
    empty: 'What is said appears here.',
    emptyEnded: 'Nothing was said in this call.',
    agent: 'Trinity',
    you: 'You',
    typed: 'typed',
    interim: 'still speaking',
    interrupted: 'interrupted',
    latency: (seconds: string) => `answered in ${seconds} s`,
    latencyDetail: 'Where the time went',
    latest: 'Latest',
    search: 'Search the transcript',
    found: (count: number) => (count === 1 ? '1 turn found' : `${count} turns found`),
    notFound: 'Nothing found.',
    download: 'Save transcript',
    fileName: (room: string, day: string) => `transcript-${room || 'call'}-${day}.txt`,
    copy: 'Copy transcript',
    copied: 'Copied.',
    copyFailed: 'Your browser did not allow copying. Select the text instead.',
    announce: (speaker: string, text: string) => `${speaker}: ${text}`,
  },

  latency: {
    transcript: 'Transcript ready',
    endOfTurn: 'End of turn decided',
    firstToken: 'First word of the answer',
    firstSound: 'First sound made',
    answered: 'Answer began',
    milliseconds: (from: number, to: number) => `${from} to ${to} ms`,
    heard: (seconds: string) =>
      `Last answer reached you after ${seconds} s, measured on this page.`,
  },

  chat: {
    label: 'Type a message',
    placeholder: 'Type instead of speaking',
    send: 'Send',
    failed: 'The message was not sent. Please try again.',
  },

  call: {
    room: (name: string) => `Room ${name}`,
    heading: (name: string) => `Call in room ${name}`,
    leave: 'Leave',
    recording: 'This call is being recorded.',
    controls: 'Call controls',
    panels: 'Transcript and people',
    unlock: 'Your browser holds the sound back.',
    unlockAction: 'Play the sound',
  },

  connection: {
    reconnecting:
      'The connection dropped. Reconnecting; this takes up to 40 seconds. The transcript stays here.',
    reconnected: 'Connected again.',
    dismiss: 'Dismiss',
    retry: 'Try again',
  },

  operator: {
    title: 'Operation',
    key: {
      label: 'API key',
      hint: 'Kept in this page’s memory only; a reload forgets it.',
      use: 'Use key',
    },
    trouble: {
      unreachable: 'The control API does not answer.',
      key: 'This needs an API key that is known and not revoked.',
      scope: 'The API key may not do this.',
      gone: 'There is no such room, participant or conversation.',
      unknown: 'Something unexpected went wrong.',
    },
    health: {
      title: 'Health',
      away: 'does not answer',
      ok: (milliseconds: number | undefined) =>
        milliseconds === undefined ? 'works' : `works, answers in ${Math.round(milliseconds)} ms`,
      parts: {
        livekit: 'Call server',
        redis: 'Store',
        speech_server: 'Speech server',
      } as Readonly<Record<string, string>>,
    },
    rooms: {
      title: 'Calls now',
      none: 'No call goes on.',
      since: (time: string) => `open since ${time}`,
      recording: 'is being recorded',
      read: 'Read',
      readOf: (room: string) => `Read the conversation of ${room}`,
      close: 'End',
      closeOf: (room: string) => `End the call ${room}`,
      closeQuestion: (room: string) => `End the call ${room} for everybody?`,
    },
    members: {
      title: (room: string) => `People in ${room}`,
      mute: 'Mute',
      muteOf: (name: string) => `Mute ${name}`,
      remove: 'Remove',
      removeOf: (name: string) => `Remove ${name}`,
      kinds: {
        standard: '',
        agent: 'assistant',
        sip: 'by telephone',
        egress: 'recorder',
        ingress: 'stream',
      } as Readonly<Record<string, string>>,
    },
    conversation: { title: 'Conversation', room: 'Room', read: 'Read' },
  },

  ended: {
    title: 'The call has ended',
    kept: 'The transcript stays on this page until you close it.',
    rejoin: 'Start a new call',
    back: 'Change the settings',
  },

  failure: {
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
      title: 'Trinity has not come',
      text: 'Nobody answered for 20 seconds; the assistant may not be running. It still joins when it can. You can wait, or leave and try again.',
    },
    'agent-left': {
      title: 'Trinity has left the call',
      text: 'The assistant stopped. Start a new call to talk with it again.',
    },
  },

  disconnected: {
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
  },
} as const;

export type FailureCode = keyof typeof strings.failure;
export type DisconnectCode = keyof typeof strings.disconnected;
