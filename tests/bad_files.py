#!/usr/bin/env python3
"""bad_files.py DIR: writes files that are wrong in one way each, for bad_input.sh. DIR holds what tiny_models wrote.
Everything is made here byte by byte (PNG, protobuf, npy), so that no library corrects it."""
import os, sqlite3, struct, sys, zlib

root = sys.argv[1]


def put(name, data):
    path = os.path.join(root, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as f:
        f.write(data.encode() if isinstance(data, str) else data)


# ---- pictures

def chunk(kind, body):
    return struct.pack('>I', len(body)) + kind + body + struct.pack('>I', zlib.crc32(kind + body))


def png(width, height, depth, colour, rows):
    head = struct.pack('>IIBBBBB', width, height, depth, colour, 0, 0, 0)
    pack = zlib.compressobj(9)
    data = b''.join(pack.compress(r) for r in rows) + pack.flush()
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head) + chunk(b'IDAT', data) + chunk(b'IEND', b'')


def grey(w, h):
    return png(w, h, 8, 0, (b'\0' + bytes([128]) * w for _ in range(h)))


good = open(os.path.join(root, 'photo.png'), 'rb').read()
put('img/empty.png', b'')
put('img/truncated.png', good[:len(good) // 2])
put('img/header_only.png', good[:33])
put('img/flipped.png', good[:60] + bytes([good[60] ^ 0xff]) + good[61:])
put('img/text.jpg', 'this is no photo\n' * 20)
put('img/archive.png', b'PK\x03\x04' + bytes(500))
put('img/page.webp', '<!DOCTYPE html><html><body>404</body></html>')
put('img/riff.webp', b'RIFF\xff\xff\xff\x7fWEBPVP8 ' + bytes(40))
put('img/start.gif', b'GIF89a\xff\xff\xff\xff\xf7\0\0' + bytes(100))
put('img/start.jpg', b'\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0' + bytes(60))
put('img/start.heic', b'\0\0\0\x18ftypheic\0\0\0\0mif1heic' + bytes(60))
put('img/start.avif', b'\0\0\0\x18ftypavif\0\0\0\0mif1avif' + bytes(60))
put('img/zero_wide.png', png(0, 10, 8, 0, [b'\0'] * 10))
put('img/zero_high.png', png(10, 0, 8, 0, []))
put('img/bomb.png', png(20000, 20000, 1, 0, (bytes(2501) for _ in range(20000))))
put('img/claims.png', png(0x7fffffff, 0x7fffffff, 8, 6, [b'\0' * 100]))
os.makedirs(os.path.join(root, 'img/folder.png'))
put('fine/one_pixel.png', grey(1, 1))
put('fine/long.png', grey(3000, 1))
put('fine/tall.png', grey(1, 3000))
put('fine/really_a_png.jpg', good)
put('fine/hundred.png', grey(100, 100))

# ---- tables

row = '0,0.png,A,top,Red\n'
head = 'id,image,title,group,colour\n'
put('shop/empty.csv', '')
put('shop/no_id.csv', 'key,image,title\n0,0.png,A\n')
put('shop/no_image.csv', 'id,picture\n0,0.png\n')
put('shop/header.csv', head)
put('shop/twice.csv', 'id,image,id\n0,0.png,1\n')
put('shop/open_quote.csv', head + '0,0.png,"A,top,Red\n1,1.png,B,top,Red\n')
put('shop/short.csv', head + row + '1,1.png\n')
put('shop/blank_id.csv', head + row + ',1.png,B,top,Red\n')
put('shop/lost.csv', head + row + '1,gone.png,B,top,Red\n')
put('shop/nul.csv', head.encode() + b'0,0.p\0ng,A,top,Red\n' + b'1,1.png,B,top,Blue\n')
put('shop/utf16.csv', (head + row).encode('utf-16'))
put('shop/picture.csv', good)
put('shop/bom.csv', b'\xef\xbb\xbf' + head.encode() + b'0,0.png,"A ""fine"", red top",top,Red\r\n')
put('shop/latin1.csv', head.encode() + b'0,0.png,Stra\xdfe \xff,top,Red\n')
put('shop/map_no_column.csv', 'word,number\ntop,1\n')
put('shop/map_no_group.csv', 'group,group\ntop,tpo\n')
put('shop/map_empty.csv', '')

# ---- catalogues

put('db/text.db', 'this is no catalogue\n' * 100)
put('db/empty.db', b'')
put('db/magic.db', b'SQLite format 3\0' + bytes(2000))
other = sqlite3.connect(os.path.join(root, 'db/other.db'))
other.execute('CREATE TABLE bookmarks (url TEXT)')
other.execute('INSERT INTO bookmarks VALUES (\'x\')')
other.commit()
other.close()


# ---- models: protobuf, only what is needed (onnx.proto's field numbers)

def varint(n):
    out = b''
    n &= (1 << 64) - 1
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def number(field, n):
    return varint(field << 3) + varint(n)


def text(field, s):
    s = s.encode() if isinstance(s, str) else s
    return varint(field << 3 | 2) + varint(len(s)) + s


def ints(name, values):
    return text(5, text(1, name) + b''.join(number(8, v) for v in values) + number(20, 7))


def node(op, inputs, outputs, attrs=b'', domain=''):
    body = b''.join(text(1, i) for i in inputs) + b''.join(text(2, o) for o in outputs)
    return text(1, body + text(3, outputs[0] + '_node') + text(4, op) + attrs + (text(7, domain) if domain else b''))


def value(field, name, dims, dtype=1):
    shape = b''.join(text(1, number(1, d)) for d in dims)
    return text(field, text(1, name) + text(2, text(1, number(1, dtype) + text(2, shape))))


def weight(name, dims, data, dtype=1):
    return text(5, b''.join(number(1, d) for d in dims) + number(2, dtype) + text(8, name) + text(9, data))


def model(graph, opset=13):
    return number(1, 8) + text(2, 'test') + text(7, graph + text(2, 'bad')) + text(8, text(1, '') + number(2, opset))


f32 = struct.pack
w = weight('w', [4, 3, 1, 1], f32('<12f', *range(12)))
x, y = value(11, 'x', [1, 3, 8, 8]), value(12, 'y', [1, 4, 8, 8])
conv = node('Conv', ['x', 'w'], ['y'])
fine = model(conv + w + x + y)
put('onnx/fine.onnx', fine)
put('onnx/empty.onnx', b'')
put('onnx/truncated.onnx', fine[:len(fine) - 20])
put('onnx/half.onnx', open(os.path.join(root, 'models/embed.onnx'), 'rb').read()[:700])
put('onnx/text.onnx', 'no model\n' * 30)
put('onnx/picture.onnx', good)
put('onnx/unknown.onnx', model(
    node('Frobnicate', ['x'], ['a']) + node('Relu', ['a'], ['b']) + node('Quux', ['b'], ['c']) +
    node('Wobble', ['c'], ['y'], domain='com.example') + x + value(12, 'y', [1, 3, 8, 8])))
put('onnx/shapes.onnx', model(node('Conv', ['x', 'w'], ['y']) + weight('w', [4, 5, 1, 1], bytes(80)) + x + y))
put('onnx/matmul.onnx', model(
    node('MatMul', ['p', 'q'], ['r']) + value(11, 'p', [2, 3]) + value(11, 'q', [4, 5]) + value(12, 'r', [2, 5])))
put('onnx/cycle.onnx', model(
    node('Add', ['x', 'c'], ['a']) + node('Relu', ['a'], ['b']) + node('Sigmoid', ['b'], ['c']) +
    node('Relu', ['c'], ['y']) + x + value(12, 'y', [1, 3, 8, 8])))
put('onnx/itself.onnx', model(node('Add', ['x', 'y'], ['y']) + x + value(12, 'y', [1, 3, 8, 8])))
put('onnx/missing_input.onnx', model(node('Add', ['x', 'nowhere'], ['y']) + x + value(12, 'y', [1, 3, 8, 8])))
put('onnx/missing_output.onnx', model(node('Relu', ['x'], ['z']) + x + value(12, 'y', [1, 3, 8, 8])))
put('onnx/twice.onnx', model(node('Relu', ['x'], ['y']) + node('Sigmoid', ['x'], ['y']) + x + value(12, 'y', [1, 3, 8, 8])))
put('onnx/short_weight.onnx', model(conv + weight('w', [4, 3, 1, 1], bytes(10)) + x + y))
put('onnx/huge_weight.onnx', model(conv + weight('w', [1 << 40, 1 << 40], bytes(16)) + x + y))
put('onnx/negative.onnx', model(conv + weight('w', [-4, 3, 1, 1], bytes(48)) + x + y))
put('onnx/dtype.onnx', model(conv + weight('w', [4, 3, 1, 1], bytes(48), dtype=77) + x + y))
put('onnx/no_graph.onnx', number(1, 8) + text(2, 'test') + text(8, text(1, '') + number(2, 13)))
put('onnx/opset.onnx', model(conv + w + x + y, opset=9999))
put('onnx/stride.onnx', model(node('Conv', ['x', 'w'], ['y'], ints('strides', [0, -1])) + w + x + y))
put('onnx/pads.onnx', model(node('Conv', ['x', 'w'], ['y'], ints('pads', [1 << 60] * 4)) + w + x + y))
outside = text(5, number(1, 4) + number(1, 3) + number(1, 1) + number(1, 1) + number(2, 1) + text(8, 'w') + number(14, 1) +
               text(13, text(1, 'location') + text(2, '../../../../etc/passwd')))
put('onnx/outside.onnx', model(conv + outside + x + y))


# ---- tensors

def npy(header, data):
    header = header.encode().ljust(117) + b'\n'
    return b'\x93NUMPY\x01\x00' + struct.pack('<H', len(header)) + header + data


put('npy/fine.npy', npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 8, 8), }", bytes(768)))
put('npy/short.npy', npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 8, 8), }", bytes(100)))
put('npy/shape.npy', npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 5, 8, 8), }", bytes(1280)))
put('npy/dtype.npy', npy("{'descr': '<U7', 'fortran_order': False, 'shape': (3,), }", bytes(84)))
put('npy/huge.npy', npy("{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 9999999999), }", bytes(16)))
put('npy/text.npy', 'no tensor\n')
put('npy/empty.npy', '')

# ---- recipes

put('recipes/empty.yaml', '')
put('recipes/unknown_key.yaml', 'task: embed\nepochs: 1\nlerning_rate: 0.1\n')
put('recipes/negative.yaml', 'task: embed\nepochs: -3\n')
put('recipes/nan.yaml', 'task: embed\noptimizer:\n  lr: nan\n')
put('recipes/word.yaml', 'task: embed\nepochs: many\n')
put('recipes/task.yaml', 'task: fly\nepochs: 1\n')
put('recipes/no_task.yaml', 'epochs: 1\n')
put('recipes/twice.yaml', 'task: embed\nepochs: 1\nepochs: 2\n')
put('recipes/syntax.yaml', 'task: [embed\nepochs: {1\n')
put('recipes/list.yaml', '- task\n- embed\n')
put('recipes/map.yaml', 'task: embed\nepochs: {a: 1}\n')
put('recipes/laughs.yaml', 'a: &a [x,x,x,x,x,x,x,x,x]\n' + ''.join(
    f'{chr(98 + i)}: &{chr(98 + i)} [' + ','.join([f'*{chr(97 + i)}'] * 9) + ']\n' for i in range(20)))
put('recipes/deep.yaml', 'task: ' + '[' * 50000)
put('recipes/binary.yaml', good)
put('recipes/fine.yaml', 'task: embed\nepochs: 1\n')
