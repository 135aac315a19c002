#!/usr/bin/python3
"""Pictures of tests/fixtures/augment: a small drawn one, and what Pillow makes of it (Debian's python3-pil).
Development tool; the results are committed."""
import math, os
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
