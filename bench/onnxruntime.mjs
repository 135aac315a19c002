// Median time of a model in onnxruntime: node bench/onnxruntime.mjs MODEL BATCH SIDE SECONDS THREADS
// (development tool: npm install onnxruntime-node). Prints one number, milliseconds; with PROCESSOR_TIME set, those that
// the process computed, for machines that are busy.
import { createRequire } from 'node:module'
const ort = createRequire(process.env.ORT_HOME ? process.env.ORT_HOME + '/' : import.meta.url)('onnxruntime-node')

const [model, batch, side, seconds, threads] = process.argv.slice(2)
const shape = [Number(batch), 3, Number(side), Number(side)]
const session = await ort.InferenceSession.create(model, {
  intraOpNumThreads: Number(threads), interOpNumThreads: 1, graphOptimizationLevel: 'all'
})
const data = new Float32Array(shape.reduce((a, b) => a * b)).map(() => Math.random() * 2 - 1)
const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', data, shape) }
for (let i = 0; i < 2; i++) await session.run(feeds)
const computed = () => { const c = process.cpuUsage(); return (c.user + c.system) / 1000 }
const clock = process.env.PROCESSOR_TIME ? computed : () => performance.now()
const times = []
const end = performance.now() + 1000 * Number(seconds)
while (times.length < 5 || performance.now() < end) {
  const start = clock()
  await session.run(feeds)
  times.push(clock() - start)
}
times.sort((a, b) => a - b)
console.log(times[times.length >> 1].toFixed(2))
