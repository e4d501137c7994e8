/** The beginnings of files, each as its format has it, and as many bytes as wanted. */
const ascii = (text: string): number[] => [...Buffer.from(text, 'latin1')]
const ftyp = (brand: string): number[] => [0, 0, 0, 24, ...ascii(`ftyp${brand}`), 0, 0, 2, 0, ...ascii('isommp42')]

const HEADS = {
  jpeg: [0xff, 0xd8, 0xff, 0xe0, 0, 16, ...ascii('JFIF\0'), 1, 1, 0, 0, 1, 0, 1, 0, 0],
  png: [0x89, ...ascii('PNG\r\n'), 0x1a, 0x0a, 0, 0, 0, 13, ...ascii('IHDR'), 0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0],
  gif: [...ascii('GIF89a'), 1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255, 0x21, 0xf9, 4],
  mp4: ftyp('isom'),
  mov: ftyp('qt  '),
  m4a: ftyp('M4A '),
  heic: ftyp('heic'),
  avi: [...ascii('RIFF'), 36, 0, 0, 0, ...ascii('AVI LIST')],
  wav: [...ascii('RIFF'), 36, 0, 0, 0, ...ascii('WAVEfmt ')],
  webm: [0x1a, 0x45, 0xdf, 0xa3, 0x9f, 0x42, 0x86, 0x81, 1, 0x42, 0x82, 0x84, ...ascii('webm')],
  mkv: [0x1a, 0x45, 0xdf, 0xa3, 0xa3, 0x42, 0x86, 0x81, 1, 0x42, 0x82, 0x88, ...ascii('matroska')],
  ogg: [...ascii('OggS'), 0, 2, 0, 0],
  aac: [0xff, 0xf1, 0x50, 0x80, 0x2e, 0x7f, 0xfc, 0x21],
  mp3: [0xff, 0xfb, 0x90, 0x44, 0, 0, 0, 0],
  pdf: ascii('%PDF-1.7\n%\u00e2\u00e3\n'),
  zip: [...ascii('PK'), 3, 4, 20, 0],
  svg: ascii('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
  html: ascii('<!doctype html><script>alert(1)</script>'),
} as const satisfies Record<string, readonly number[]>

export type SampleFile = keyof typeof HEADS

/** Filled up with bytes that differ from place to place, so that a piece in the wrong order is seen. */
export function sampleFile(format: SampleFile, bytes: number = HEADS[format].length): Buffer {
  const file = Buffer.alloc(bytes)
  for (let at = 0; at + 4 <= bytes; at += 4) file.writeUInt32LE(Math.imul(at, 2_654_435_761) >>> 0, at)
  file.set(HEADS[format].slice(0, bytes))
  return file
}
