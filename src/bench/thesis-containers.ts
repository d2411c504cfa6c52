/** A value that the thesis read off one of its charts. */
interface ThesisPeak {
  /** Absent: the thesis does not say whose. */
  readonly subject?: string;
  readonly figure: 'cpus' | 'diskReadBytesPerSec' | 'diskWriteBytesPerSec';
  /** About, as one reads a chart; unit by the figure's name, `cpus` in whole processors. */
  readonly value: number;
  readonly words: string;
}

/** The scenario of section 4.2.2 of the thesis, and what it read off figures 4-3 to 4-6. One run, no spread. */
export const THESIS_CONTAINERS: {
  readonly where: string;
  readonly subjects: readonly string[];
  readonly active: string;
  readonly commands: readonly string[];
  readonly minutes: number;
  readonly peaks: readonly ThesisPeak[];
} = {
  where: 'section 4.2.2, figures 4-3 to 4-6',
  subjects: ['fedora', 'ubuntu', 'docker-dd-agent'],
  active: 'fedora',
  commands: ['yum update', 'yum install python', 'yum install git'],
  minutes: 10,
  peaks: [
    { subject: 'fedora', figure: 'cpus', value: 0.1, words: 'about 10 % CPU for two minutes' },
    { subject: 'ubuntu', figure: 'cpus', value: 0.02, words: 'about 2 % CPU for its first seconds' },
    { figure: 'diskReadBytesPerSec', value: 1.5e6, words: 'disk read peak about 1.5 MB/s' },
    { figure: 'diskWriteBytesPerSec', value: 3e6, words: 'disk write peak about 3 MB/s' },
  ],
};
