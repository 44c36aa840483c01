// Runs beside the page, in the audio thread: samples of the microphone as 16-bit PCM, a tenth of a second at a time.
const PIECE = 1600;

class Microphone extends AudioWorkletProcessor {
  constructor() {
    super();
    this.piece = new Int16Array(PIECE);
    this.length = 0;
  }

  process([[samples]]) {
    for (const sample of samples ?? []) {
      this.piece[this.length++] = Math.max(-1, Math.min(1, sample)) * 32767;
      if (this.length === PIECE) {
        this.port.postMessage(this.piece.slice().buffer);
        this.length = 0;
      }
    }
    return true;
  }
}

registerProcessor("microphone", Microphone);
