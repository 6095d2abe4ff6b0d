import {
  isTrackReference,
  useParticipants,
  useTracks,
  VideoTrack,
  type TrackReference,
} from '@livekit/components-react';
import { ConnectionQuality, Track, type Participant } from 'livekit-client';

export type Quality = 'excellent' | 'good' | 'poor' | 'lost' | 'unknown';

/** Somebody in the call, as the page shows them. */
export interface Person {
  identity: string;
  name: string;
  self: boolean;
  agent: boolean;
  phone: boolean;
  speaking: boolean;
  muted: boolean;
  quality: Quality;
}

/** A place on the stage: a person with or without camera, or a shared screen. */
export interface Tile {
  id: string;
  kind: 'camera' | 'screen';
  person: Person;
  video: Video | undefined;
}

/** A picture to be given to `TileVideo`; its inside is LiveKit's. */
export type Video = TrackReference;

const QUALITIES: Record<ConnectionQuality, Quality> = {
  [ConnectionQuality.Excellent]: 'excellent',
  [ConnectionQuality.Good]: 'good',
  [ConnectionQuality.Poor]: 'poor',
  [ConnectionQuality.Lost]: 'lost',
  [ConnectionQuality.Unknown]: 'unknown',
};

/** Everybody in the call, oneself first, then in the order of joining. */
export function usePeople(): Person[] {
  return useParticipants().map(describe);
}

/** What there is to see, without the assistant; shared screens first. */
export function useTiles(): Tile[] {
  const people = new Map(usePeople().map((person) => [person.identity, person]));
  const tracks = useTracks([
    { source: Track.Source.ScreenShare, withPlaceholder: false },
    { source: Track.Source.Camera, withPlaceholder: true },
  ]);
  return tracks
    .map((track): Tile => {
      const { participant, source } = track;
      const shown = isTrackReference(track) && !track.publication.isMuted;
      return {
        id: `${participant.identity}-${source}`,
        kind: source === Track.Source.ScreenShare ? 'screen' : 'camera',
        person: people.get(participant.identity) ?? describe(participant),
        video: shown ? track : undefined,
      };
    })
    .filter((tile) => !tile.person.agent || tile.video)
    .sort((a, b) => Number(b.kind === 'screen') - Number(a.kind === 'screen'));
}

export function TileVideo({ video, className }: { video: Video; className: string }) {
  return <VideoTrack trackRef={video} className={className} />;
}

function describe(participant: Participant): Person {
  return {
    identity: participant.identity,
    // A participant without a name has an empty one.
    name: [participant.name, participant.identity].find(Boolean) ?? '',
    self: participant.isLocal,
    agent: participant.isAgent,
    phone: 'sip.callID' in participant.attributes,
    speaking: participant.isSpeaking,
    muted: !participant.isMicrophoneEnabled,
    quality: QUALITIES[participant.connectionQuality],
  };
}
