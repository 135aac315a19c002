// Runs a model once in onnxruntime: node bench/ort_run.mjs MODEL FOLDER INPUT=X.npy...   writes FOLDER/OUTPUT.npy
// (development tool: npm install onnxruntime-node; ORT_HOME names the folder where it is installed). float32 and int64.
import { createRequire } from 'node:module'
import { readFileSync, writeFileSync } from 'node:fs'
const ort = createRequire(process.env.ORT_HOME ? process.env.ORT_HOME + '/' : import.meta.url)('onnxruntime-node')

const kinds = { '<f4': [Float32Array, 'float32'], '<i8': [BigInt64Array, 'int64'] }

function readNpy(path) {
  const raw = readFileSync(path), length = raw[6] === 1 ? raw.readUInt16LE(8) : raw.readUInt32LE(8)
  const start = (raw[6] === 1 ? 10 : 12) + length, header = raw.toString('latin1', 10, start)
  const [list, type] = kinds[/'descr': '([^']*)'/.exec(header)[1]]
  const dims = /'shape': \(([^)]*)\)/.exec(header)[1].split(',').filter(s => s.trim()).map(Number)
  const bytes = raw.buffer.slice(raw.byteOffset + start, raw.byteOffset + raw.length)
  return new ort.Tensor(type, new list(bytes), dims)
}

function writeNpy(path, t) {
  const descr = Object.keys(kinds).find(k => kinds[k][1] === t.type)
  if (!descr) throw new Error(`${path}: output of type ${t.type}`)
  const shape = t.dims.length === 1 ? `${t.dims[0]},` : t.dims.join(', ')
  let header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`
  header += ' '.repeat(63 - (10 + header.length) % 64) + '\n'
  const head = Buffer.alloc(10)
  head.write('\x93NUMPY\x01\x00', 'latin1')
  head.writeUInt16LE(header.length, 8)
  writeFileSync(path, Buffer.concat([head, Buffer.from(header, 'latin1'),
    Buffer.from(t.data.buffer, t.data.byteOffset, t.data.byteLength)]))
}

const [model, folder, ...inputs] = process.argv.slice(2)
const session = await ort.InferenceSession.create(model, {
  intraOpNumThreads: Number(process.env.OMP_NUM_THREADS || 2), interOpNumThreads: 1
})
const feeds = Object.fromEntries(inputs.map(s => [s.slice(0, s.indexOf('=')), readNpy(s.slice(s.indexOf('=') + 1))]))
for (const [name, t] of Object.entries(await session.run(feeds))) writeNpy(`${folder}/${name}.npy`, t)
