/** Something a stage noticed that a reader should know; it does not stop the run. */
export interface Finding {
  readonly level: 'info' | 'warning';
  readonly message: string;
}
