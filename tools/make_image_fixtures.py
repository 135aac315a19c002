#!/usr/bin/env python3
"""Draws tests/fixtures/images/* and writes what Pillow makes of them: expected.csv (pixels of the decoded pictures)
and resize.bin + resize.csv (resized pseudo-random pictures). Needs python3-pil, libheif-examples (heif-enc), webp.

Run from the source root: tools/make_image_fixtures.py. The committed files came from Pillow 9.4.0 (Debian 12).
"""
import os, subprocess, sys
import PIL
from PIL import Image, ImageCms, ImageDraw, ImageOps

OUT = "tests/fixtures/images"
W, H = 48, 32


def scene(w=W, h=H):
    """Smooth gradient, a few solid shapes, no symmetry."""
    im = Image.new("RGB", (w, h))
    for y in range(h):
        for x in range(w):
            im.putpixel((x, y), (40 + 180 * x // w, 60 + 150 * y // h, 200 - 120 * x // w))
    d = ImageDraw.Draw(im)
    d.rectangle([4, 4, 15, 11], fill=(220, 30, 30))
    d.ellipse([26, 12, 44, 28], fill=(30, 160, 60))
    d.polygon([(6, 28), (14, 18), (20, 29)], fill=(240, 220, 40))
    return im


def p(name):
    return os.path.join(OUT, name)


def exif(orientation, big=False):
    if big:
        return b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0" + bytes([orientation]) + b"\0\0\0\0\0\0"
    return b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0" + bytes([orientation]) + b"\0\0\0\0\0\0\0"


def draw():
    im = scene()
    im.save(p("baseline.jpg"), quality=92, subsampling=0)
    im.save(p("sub420.jpg"), quality=90, subsampling=2)
    im.save(p("progressive.jpg"), quality=90, progressive=True)
    im.convert("L").save(p("grey.jpg"), quality=92)
    im.convert("CMYK").save(p("cmyk.jpg"), quality=95)
    for o in range(1, 9):
        im.save(p(f"exif{o}.jpg"), quality=90, exif=exif(o, big=o % 2 == 0))
    im.save(p("rgb.png"))
    im.save(p("exif6.png"), exif=exif(6)[6:])
    im.convert("L").save(p("grey.png"))
    im.convert("1").save(p("bit1.png"))
    im.quantize(200).save(p("palette.png"))
    im.quantize(12).save(p("palette4.png"), bits=4)
    rgba = im.convert("RGBA")
    rgba.putalpha(Image.linear_gradient("L").resize((W, H)))
    rgba.save(p("alpha.png"))
    Image.merge("LA", (im.convert("L"), rgba.getchannel("A"))).save(p("greyalpha.png"))
    im.quantize(16).save(p("paltrans.png"), transparency=3)
    subprocess.run(["convert", p("rgb.png"), "-depth", "16", "-evaluate", "multiply", "0.97", "png48:" + p("rgb16.png")], check=True)
    subprocess.run(["convert", p("rgb.png"), "-interlace", "PNG", "png24:" + p("interlaced.png")], check=True)
    im.quantize(64).save(p("one.gif"))
    im.save(p("two.gif"), save_all=True, append_images=[im.rotate(180)], duration=100)
    subprocess.run(["convert", p("rgb.png"), "-interlace", "GIF", p("interlaced.gif")], check=True)
    im.save(p("lossy.webp"), quality=85)
    im.save(p("lossless.webp"), lossless=True)
    rgba.save(p("alpha.webp"), lossless=True, exact=True)
    im.save(p("animated.webp"), save_all=True, append_images=[im.rotate(180)], duration=100, lossless=True)
    big = scene(64, 64)
    big.save("/tmp/fixture.png")
    subprocess.run(["heif-enc", "-q", "95", "-p", "chroma=444", "/tmp/fixture.png", "-o", p("picture.heic")], check=True)
    subprocess.run(["heif-enc", "-A", "-q", "95", "-p", "chroma=444", "/tmp/fixture.png", "-o", p("picture.avif")], check=True)
    os.remove("/tmp/fixture.png")
    big.save(p("heif_source.png"))


def wide_profile():
    """Adobe RGB (1998) compatible primaries and gamma 2.2, written by hand as an ICC v2 matrix profile."""
    import struct

    def s15(v):
        return struct.pack(">i", round(v * 65536))

    def xyz(x, y, z):
        return b"XYZ \0\0\0\0" + s15(x) + s15(y) + s15(z)

    desc = b"wide test profile\0"
    tags = [
        (b"desc", b"desc\0\0\0\0" + struct.pack(">I", len(desc)) + desc + b"\0" * 78),
        (b"cprt", b"text\0\0\0\0none\0"),
        (b"wtpt", xyz(0.9505, 1.0, 1.0891)),
        (b"rXYZ", xyz(0.60974, 0.31111, 0.01947)),
        (b"gXYZ", xyz(0.20528, 0.62567, 0.06087)),
        (b"bXYZ", xyz(0.14919, 0.06322, 0.74457)),
        (b"rTRC", b"curv\0\0\0\0" + struct.pack(">IH", 1, 563)),
        (b"gTRC", b"curv\0\0\0\0" + struct.pack(">IH", 1, 563)),
        (b"bTRC", b"curv\0\0\0\0" + struct.pack(">IH", 1, 563)),
    ]
    body, table, at = b"", b"", 128 + 4 + 12 * len(tags)
    for sig, data in tags:
        data += b"\0" * (-len(data) % 4)
        table += sig + struct.pack(">II", at + len(body), len(data))
        body += data
    head = struct.pack(">I4sI4s4s4s", at + len(body), b"\0\0\0\0", 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    head += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28 + s15(0.9642) + s15(1.0) + s15(0.8249)
    head += b"\0" * (128 - len(head))
    return head + struct.pack(">I", len(tags)) + table + body


def profiles():
    icc = wide_profile()
    scene().save(p("wide.png"), icc_profile=icc)
    scene().save(p("wide.jpg"), icc_profile=icc, quality=92, subsampling=0)
    scene().save(p("wide.webp"), icc_profile=icc, lossless=True)
    scene().save(p("srgb_profile.png"), icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())


def upright_srgb(name):
    """The picture as decoders should give it, by Pillow alone."""
    im = Image.open(p(name))
    icc = im.info.get("icc_profile")
    im.seek(0)
    if "transparency" in im.info and im.mode == "P":
        im = im.convert("RGBA")
    if im.mode in ("I;16", "I"):
        raise SystemExit(name + ": mode not expected")
    im = ImageOps.exif_transpose(im)
    if im.mode in ("LA", "PA"):
        im = im.convert("RGBA")
    if im.mode == "RGBA":
        white = Image.new("RGBA", im.size, (255, 255, 255, 255))
        im = Image.alpha_composite(white, im)
    im = im.convert("RGB")
    if icc:
        import io
        im = ImageCms.profileToProfile(im, ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB"))
    return im


def expected():
    with open(p("expected.csv"), "w") as f:
        f.write("file,width,height,tolerance,pixels\n")
        for name in sorted(os.listdir(OUT)):
            if name.rsplit(".", 1)[-1] not in ("jpg", "png", "gif", "webp", "heic", "avif") or name == "heif_source.png":
                continue
            coded = name.endswith((".heic", ".avif"))
            im = Image.open(p("heif_source.png")).convert("RGB") if coded else upright_srgb(name)
            tolerance = 12 if coded else 1
            px = []
            for i in range(24):
                x, y = (i * 37 + 5) % im.width, (i * 23 + 3) % im.height
                px.append("%d %d %d %d %d" % ((x, y) + im.getpixel((x, y))))
            f.write(f"{name},{im.width},{im.height},{tolerance},{';'.join(px)}\n")


def noise(w, h, channels):
    """The same numbers as noise() of tests/test_image.c: x' = x * 1664525 + 1013904223 mod 2^32, upper byte."""
    state, out = 12345, bytearray()
    for _ in range(w * h * channels):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        out.append(state >> 24)
    return Image.frombytes({1: "L", 3: "RGB", 4: "RGBX"}[channels], (w, h), bytes(out))


def resizes():
    filters = {"nearest": Image.NEAREST, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC, "lanczos": Image.LANCZOS}
    sizes = [  # channels, source, box (x, y, w, h), output
        (3, (61, 47), (0, 0, 61, 47), (20, 13)),
        (3, (61, 47), (0, 0, 61, 47), (61, 20)),
        (3, (61, 47), (0, 0, 61, 47), (17, 47)),
        (3, (21, 17), (0, 0, 21, 17), (32, 29)),
        (3, (61, 47), (3.25, 5.5, 40.5, 30.25), (16, 12)),
        (3, (61, 47), (10, 7, 20, 30), (20, 11)),
        (1, (61, 47), (0, 0, 61, 47), (19, 23)),
        (4, (61, 47), (1, 2, 50, 40), (18, 11)),
        (3, (200, 150), (0, 0, 200, 150), (7, 5)),
        (3, (1, 1), (0, 0, 1, 1), (3, 2)),
        (3, (9, 1), (0, 0, 9, 1), (4, 3)),
    ]
    with open(p("resize.csv"), "w") as f, open(p("resize.bin"), "wb") as b:
        f.write("filter,channels,width,height,x,y,w,h,out_width,out_height,offset\n")
        for name, code in filters.items():
            for channels, (w, h), (bx, by, bw, bh), out in sizes:
                im = noise(w, h, channels).resize(out, code, box=(bx, by, bx + bw, by + bh))
                f.write(f"{name},{channels},{w},{h},{bx},{by},{bw},{bh},{out[0]},{out[1]},{b.tell()}\n")
                b.write(im.tobytes())


if __name__ == "__main__":
    print("Pillow", PIL.__version__)
    os.makedirs(OUT, exist_ok=True)
    draw()
    profiles()
    expected()
    resizes()
