"""``nonet vision celebrities add|list|rm``: the gallery of people that RecognizeCelebrities knows."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from nonet.cli.files import read_bytes
from services.vision.celebrities.enrolment import Enrolment, Photo
from services.vision.celebrities.gallery import GENDERS, CelebrityGallery
from services.vision.collections.search import FaceSearch
from services.vision.collections.store import FaceCollections
from services.vision.faces.analysis import FaceAnalyzer
from shared.platform import Platform
from shared.settings import settings


def main(arguments: list[str]) -> int:
    chosen = _parser().parse_args(arguments[2:])
    platform = Platform.open(settings())
    try:
        return asyncio.run(_run(chosen, platform))
    finally:
        platform.database.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="nonet vision celebrities",
        description=f"{__doc__} A running server sees changes at once. Photos are not kept, only vectors of faces.",
    )
    actions = parser.add_subparsers(dest="action", required=True)
    add = actions.add_parser("add", help="put somebody in")
    add.add_argument("name")
    add.add_argument("photo", nargs="+", type=Path, help="JPEG or PNG that shows the person alone")
    add.add_argument("--url", action="append", default=[], help="a page about the person; may be given several times")
    add.add_argument("--gender", choices=GENDERS, help="the gender by which the person is known, if they say so")
    actions.add_parser("list", help="who is in it")
    remove = actions.add_parser("rm", help="take people out")
    remove.add_argument("id", nargs="+", help="ids as `list` shows them")
    return parser


async def _run(chosen: argparse.Namespace, platform: Platform) -> int:
    search = FaceSearch(platform.database, platform.settings.data_directory / "face-indexes")
    collections = FaceCollections(platform.database, platform.resources, search.discard)
    gallery = CelebrityGallery(collections, search, platform.resources)
    try:
        if chosen.action == "add":
            await add(chosen, gallery, FaceAnalyzer(platform.runtime))
        elif chosen.action == "list":
            await print_gallery(gallery)
        else:
            for celebrity_id in chosen.id:
                celebrity = await gallery.remove(celebrity_id)
                print(f"{celebrity.id}: {celebrity.name} removed")
    finally:
        await search.close()
        await platform.runtime.close()
    return 0


async def add(chosen: argparse.Namespace, gallery: CelebrityGallery, analyzer: FaceAnalyzer) -> None:
    photos = [Photo(str(path), read_bytes(path)) for path in chosen.photo]
    faces = await Enrolment(analyzer).faces(photos, await gallery.model_id())
    celebrity = await gallery.add(chosen.name, chosen.url, chosen.gender, faces)
    print(f"{celebrity.id}: {celebrity.name}, {len(faces)} {'photo' if len(faces) == 1 else 'photos'}")


async def print_gallery(gallery: CelebrityGallery) -> None:
    rows = [("ID", "NAME", "GENDER", "PHOTOS", "URLS")]
    for celebrity in await gallery.list():
        gender, photos = celebrity.known_gender or "-", str(len(celebrity.face_ids))
        rows.append((celebrity.id, celebrity.name, gender, photos, " ".join(celebrity.urls)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
