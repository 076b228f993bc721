"""Changes to a whole picture: tones, sharpness, turns, and the styles that prompts ask for."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

from nexhina_nb.engines.images.colours import Colour


def grayscale(image: Image.Image) -> Image.Image:
    return image.convert("L").convert("RGB")


def sepia(image: Image.Image) -> Image.Image:
    return ImageOps.colorize(image.convert("L"), (38, 22, 10), (255, 240, 206), (168, 124, 78))


def invert(image: Image.Image) -> Image.Image:
    return ImageOps.invert(image)


def blur(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(max(1.0, min(image.size) * 0.012)))


def sharpen(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.UnsharpMask(radius=max(1, min(image.size) // 300), percent=180))


def brighter(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(1.3)


def darken(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(0.68)


def contrasted(image: Image.Image) -> Image.Image:
    return ImageEnhance.Contrast(image).enhance(1.45)


def vivid(image: Image.Image) -> Image.Image:
    return ImageEnhance.Color(image).enhance(1.6)


def pale(image: Image.Image) -> Image.Image:
    return ImageEnhance.Color(image).enhance(0.5)


def warmer(image: Image.Image) -> Image.Image:
    return balanced(image, (1.13, 1.03, 0.82))


def cooler(image: Image.Image) -> Image.Image:
    return balanced(image, (0.84, 1.0, 1.16))


def nightly(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(cooler(image)).enhance(0.45)


def balanced(image: Image.Image, factors: tuple[float, float, float]) -> Image.Image:
    """Each of red, green and blue times its factor."""
    bands = [
        band.point(lambda value, factor=factor: min(255, round(value * factor)))
        for band, factor in zip(image.split(), factors, strict=True)
    ]
    return Image.merge("RGB", bands)


def tinted(image: Image.Image, colour: Colour) -> Image.Image:
    """More of a colour, with the lights and shadows kept."""
    flat = Image.new("RGB", image.size, colour)
    return Image.blend(image, ImageChops.soft_light(flat, image), 0.35)


def mirror(image: Image.Image) -> Image.Image:
    return ImageOps.mirror(image)


def flip(image: Image.Image) -> Image.Image:
    return ImageOps.flip(image)


def pixelate(image: Image.Image) -> Image.Image:
    block = max(2, round(min(image.size) / 64))
    small = (max(1, image.width // block), max(1, image.height // block))
    tiny = image.resize(small, Image.Resampling.BOX)
    return tiny.resize(image.size, Image.Resampling.NEAREST)


def outline(image: Image.Image) -> Image.Image:
    """Dark lines where the brightness changes, on white."""
    tones = image.convert("L").filter(ImageFilter.GaussianBlur(1))
    steps = ImageChops.add(_steps(tones, 1, 0), _steps(tones, 0, 1))
    return steps.point(lambda step: 255 - min(235, step * 9)).convert("RGB")


def _steps(tones: Image.Image, across: int, down: int) -> Image.Image:
    """How much each pixel differs from its neighbour to the left or above; none at the rim."""
    steps = ImageChops.difference(tones, ImageChops.offset(tones, across, down))
    steps.paste(0, (0, 0, across or tones.width, down or tones.height))
    return steps


def posterize(image: Image.Image) -> Image.Image:
    return ImageOps.posterize(image, 2)


def soften(image: Image.Image) -> Image.Image:
    """Washes of colour, as in a watercolour."""
    shrunk = image.reduce(max(1, min(image.size) // 240))
    wash = shrunk.filter(ImageFilter.MedianFilter(5)).resize(image.size, Image.Resampling.BICUBIC)
    paper = Image.new("RGB", image.size, "white")
    lines = Image.blend(outline(image), paper, 0.7)
    return ImageChops.multiply(ImageEnhance.Brightness(wash).enhance(1.06), lines)


STYLES = {
    "grayscale": grayscale,
    "sepia": sepia,
    "pixel art": pixelate,
    "sketch": outline,
    "pop art": posterize,
    "watercolour": soften,
}


def keeping_clear(image: Image.Image, changed: Image.Image) -> Image.Image:
    """The changed colours with the transparency of the picture they came from."""
    if image.mode == "RGBA":
        changed.putalpha(image.getchannel("A"))
    return changed


def styled(image: Image.Image, styles: tuple[str, ...]) -> Image.Image:
    """The picture in the styles that a plan names, one after the other."""
    for style in styles:
        image = keeping_clear(image, STYLES[style](image.convert("RGB")))
    return image
