#!/usr/bin/python3
"""Pictures of tests/fixtures/augment: small drawn ones, and what Pillow and OpenCV make of them (Debian's python3-pil
and python3-opencv). Development tool; the results are committed."""
import math, os
import cv2, numpy
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

out = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../tests/fixtures/augment')
os.makedirs(out, exist_ok=True)
w, h = 37, 29
photo = Image.new('RGB', (w, h))
photo.putdata([(int(127 + 90 * math.sin(x / 3) * math.cos(y / 4)), (x * 5 + y * 3) % 200 + 20,
                int(40 + 3 * x + 60 * ((x // 6 + y // 5) % 2))) for y in range(h) for x in range(w)])
results = {
    'photo': photo,
    'equalize': ImageOps.equalize(photo),
    'grey': photo.convert('L').convert('RGB'),
    'brightness': ImageEnhance.Brightness(photo).enhance(1.3),
    'contrast': ImageEnhance.Contrast(photo).enhance(.6),
    'saturation': ImageEnhance.Color(photo).enhance(1.5),
    'edges_enhance': photo.filter(ImageFilter.EDGE_ENHANCE),
    'edges_enhance_more': photo.filter(ImageFilter.EDGE_ENHANCE_MORE),
    'edges_sharpen': photo.filter(ImageFilter.SHARPEN),
    'edges_detail': photo.filter(ImageFilter.DETAIL),
    'edges_find': photo.filter(ImageFilter.FIND_EDGES),
    'edges_contour': photo.filter(ImageFilter.CONTOUR),
    'edges_emboss': photo.filter(ImageFilter.EMBOSS),
    'flip': ImageOps.mirror(photo),
    'flip_vertical': ImageOps.flip(photo),
    'rotate': photo.rotate(-90, expand=True),
}
for name, im in results.items():
    im.save(os.path.join(out, name + '.png'), optimize=True)

# CLAHE, whose formulas leave room (rounding, where a tile's middle is): a grey picture with dim and bright parts.
w, h = 256, 256  # whole counts at the limit: OpenCV cuts them off
y, x = numpy.mgrid[0:h, 0:w]
grey = numpy.clip(60 + 50 * numpy.sin(x / 9) * numpy.cos(y / 7) + 90 * (x > 70) + (x * 7 + y * 13) % 11, 0, 255).astype('uint8')
cv2.imwrite(os.path.join(out, 'clahe_photo.png'), grey)
for limit, grid in ((2, 4), (4, 4)):
    made = cv2.createCLAHE(clipLimit=limit, tileGridSize=(grid, grid)).apply(grey)
    cv2.imwrite(os.path.join(out, 'clahe_%d_%d.png' % (limit, grid)), made)

# CLAHE with small tiles, where OpenCV's whole counts say nothing: the definition in floating point (Zuiderveld, 1994:
# tiles' histograms clipped at limit times the mean count, the excess shared out evenly, tables interpolated between
# the tiles' middles), on Pillow's luma; colours scaled with it.
w, h = 61, 43
y, x = numpy.mgrid[0:h, 0:w]
colour = numpy.stack([90 + 60 * numpy.sin(x / 5) + 2 * y, 40 + 3 * x * (y > 20) + y, 30 + (x * 11 + y * 17) % 160], 2)
colour = numpy.clip(colour, 0, 255).astype('uint8')
Image.fromarray(colour).save(os.path.join(out, 'clahe_small.png'), optimize=True)
luma = numpy.asarray(Image.fromarray(colour).convert('L')).astype(int)


def clahe(luma, grid, limit):
    tables = numpy.zeros((grid, grid, 256))
    for j in range(grid):
        for i in range(grid):
            tile = luma[h * j // grid:h * (j + 1) // grid, w * i // grid:w * (i + 1) // grid]
            count = numpy.bincount(tile.ravel(), minlength=256).astype(float)
            most = limit * tile.size / 256
            excess = numpy.maximum(count - most, 0).sum()
            tables[j, i] = 255 * numpy.cumsum(numpy.minimum(count, most) + excess / 256) / tile.size
    made = numpy.zeros((h, w))
    for b in range(h):
        for a in range(w):
            v, u = (b + .5) * grid / h - .5, (a + .5) * grid / w - .5
            j, i = math.floor(v), math.floor(u)
            for dj, wj in ((j, 1 - v + j), (j + 1, v - j)):
                for di, wi in ((i, 1 - u + i), (i + 1, u - i)):
                    t = tables[min(max(dj, 0), grid - 1), min(max(di, 0), grid - 1)]
                    made[b, a] += wj * wi * t[luma[b, a]]
    return made


for limit, grid in ((2, 8), (3, 16), (40, 5)):
    made = clahe(luma, grid, limit)
    scaled = numpy.where(luma[..., None] > 0, colour * (made / numpy.maximum(luma, 1))[..., None], made[..., None])
    Image.fromarray(numpy.clip(numpy.floor(scaled + .5), 0, 255).astype('uint8')).save(
        os.path.join(out, 'clahe_small_%d_%d.png' % (limit, grid)), optimize=True)
