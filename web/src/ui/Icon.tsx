const PATHS = {
  microphone: 'M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3ZM5 11a7 7 0 0 0 14 0M12 18v3',
  muted:
    'M9 9v2a3 3 0 0 0 4.6 2.5M15 10.5V6a3 3 0 0 0-5.7-1.3M5 11a7 7 0 0 0 11 5.7M19 11a7 7 0 0 1-.5 2.6M12 18v3M4 4l16 16',
  leave:
    'M3.5 14.5c-1-4 3-7 8.5-7s9.500 3 8.500 7l-4.200-.8v-2.900c-2.800-.9-5.800-.9-8.600 0v2.900Z',
  send: 'M5 12 4 5l16 7-16 7 1-7Zm0 0h7',
  copy: 'M9 9h10v11H9zM5 15V4h10',
  sound:
    'M4 9.500v5h3.500L12 18.500v-13L7.500 9.500ZM15.500 9a4 4 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 11v5M12 8h.01',
  warning: 'M12 4 2.800 19.500h18.400ZM12 10v4.500M12 17h.01',
  down: 'M12 5v14M6 13l6 6 6-6',
  camera: 'M4 7h11v10H4zM15 11l5-3v8l-5-3',
  cameraOff: 'M8 7h7v7M15 11l5-3v8l-2-1.200M12 17H4V7M4 4l16 16',
  screen: 'M3 5h18v12H3zM9 21h6M12 17v4M12 14V8.500M9.500 11 12 8.500l2.500 2.500',
  captions: 'M3 6h18v12H3zM10.500 10.500a2 2 0 1 0 0 3M17 10.500a2 2 0 1 0 0 3',
  settings:
    'M4 7h9M17 7h3M4 17h3M11 17h9M15 9a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM9 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z',
  search: 'M11 17a6 6 0 1 0 0-12 6 6 0 0 0 0 12ZM15.500 15.500 20 20',
  download: 'M12 4v11M7.500 11l4.500 4.500 4.500-4.500M5 20h14',
  record:
    'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 15.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7Z',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  phone:
    'M6 4h3.500l1.500 4.500-2 1.500a11 11 0 0 0 5 5l1.500-2 4.500 1.500V18a2 2 0 0 1-2 2A14 14 0 0 1 4 6a2 2 0 0 1 2-2Z',
  trash: 'M5 7h14M10 7V4.500h4V7M7 7l1 13h8l1-13M10.500 11v5.500M13.500 11v5.500',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.500 20a7.500 7.500 0 0 1 15 0',
  help: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM9.500 9.500a2.500 2.500 0 1 1 3.500 2.300c-.7.3-1 .8-1 1.700M12 16.500h.01',
  check: 'm5 12.500 4.500 4.500L19 7.500',
} as const;

export type IconName = keyof typeof PATHS;

/** A line drawing beside a word; hidden from screen readers, which get the word. */
export function Icon({ name, className = 'size-5' }: { name: IconName; className?: string }) {
  return (
    <svg
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      className={className}
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
