/** Rows of the live spectrum as they come: the binary form is drawn in monitor/server/looking.py. */

export interface Row {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly spanS: number;
  readonly lowHz: number;
  readonly binHz: number;
  /** Rows that the server has dropped for this viewer so far. */
  readonly nDropped: number;
  /** A level each, lowest frequency first; see `levels`. */
  readonly codes: Uint8Array;
}

const HEAD_BYTES = 32;
const KIND_ROW = 1;

/** The rows of one message. What cannot be one ends the reading: half a row is none. */
export function rowsOf(message: ArrayBuffer): Row[] {
  const view = new DataView(message);
  const rows: Row[] = [];
  let at = 0;
  while (at + HEAD_BYTES <= message.byteLength && view.getUint8(at) === KIND_ROW) {
    const nBins = view.getUint16(at + 2, true);
    const end = at + HEAD_BYTES + nBins;
    if (nBins === 0 || end > message.byteLength) break;
    rows.push({
      nDropped: view.getUint32(at + 4, true),
      at: view.getFloat64(at + 8, true) * 1000,
      lowHz: view.getFloat64(at + 16, true),
      binHz: view.getFloat32(at + 24, true),
      spanS: view.getFloat32(at + 28, true),
      codes: new Uint8Array(message, at + HEAD_BYTES, nBins),
    });
    at = end;
  }
  return rows;
}
