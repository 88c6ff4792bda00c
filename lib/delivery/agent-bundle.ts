/** The agent as one file: what a host fetches by digest and runs. */

export interface AgentBundle {
  readonly sha256: string;
  readonly size: number;
  readonly contents: Buffer;
}
