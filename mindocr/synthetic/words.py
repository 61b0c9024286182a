"""Words for generated signs: everyday words of shops and streets, numbers, and random letters."""

from __future__ import annotations

import string

import numpy as np

LATIN = string.ascii_letters + string.digits + "&-.:!%/$'+"

_COMMON = """
open closed exit entrance push pull hotel cafe bakery market garden books music cinema theatre museum library
station airport harbour street avenue road bridge park school college hospital pharmacy dentist bank post office
police fire taxi bus tram metro train ticket tickets parking garage petrol water coffee tea milk bread cheese apple
orange lemon cherry pepper salad soup pizza pasta burger fresh local organic special menu daily lunch dinner
breakfast kitchen grill house home room rooms floor lift stairs north south east west left right straight stop slow
danger caution wet paint keep clear private public free wifi sale offer price cheap best super mega mini large small
new old style fashion shoes jeans leather silver golden blue red green black white summer winter spring autumn
monday friday sunday morning evening night today welcome hello thanks please smoking phone call service repair
rental travel tours beach river lake mountain forest island sunset ocean sport fitness yoga dance studio gallery art
design paper print photo camera computer laptop network energy solar electric motor tyres battery tools timber glass
steel plastic recycle toys kids baby family club bar pub lounge wine beer juice ice cream candy sugar flower florist
optician barber salon beauty nails massage clinic vet doctor nurse number platform gate departure arrival customs
baggage information
"""
COMMON = tuple(_COMMON.split())
JOINERS = ("the", "and", "of", "in", "to", "for", "by", "at", "on", "&")
_CHINESE = """
出口 入口 营业中 书店 茶馆 咖啡 面馆 超市 药店 医院 银行 学校 公园 车站
地铁 机场 酒店 宾馆 餐厅 水果 鲜花 理发 停车场 小心地滑 禁止吸烟 欢迎光临 洗手间 电梯
服务台 售票处 图书馆 博物馆 电影院 北京路 中山路 人民广场 优惠 新品 特价 早餐 牛奶 面包
"""
CHINESE = tuple(_CHINESE.split())


def random_word(rng: np.random.Generator) -> str:
    """A word of 1 to 12 characters from ``LATIN``: from the list, a number, or random letters, in random case."""
    kind = rng.random()
    if kind < 0.60:
        return _cased(rng, COMMON[rng.integers(len(COMMON))])
    if kind < 0.65:
        return _cased(rng, JOINERS[rng.integers(len(JOINERS))])
    if kind < 0.82:
        return _number(rng)
    letters = "".join(string.ascii_lowercase[i] for i in rng.integers(26, size=rng.integers(2, 9)))
    if rng.random() < 0.2:
        letters += str(rng.integers(100))
    return _cased(rng, letters)


def _cased(rng: np.random.Generator, word: str) -> str:
    style = rng.random()
    if style < 0.45:
        return word.upper()
    return word.capitalize() if style < 0.8 else word


def _number(rng: np.random.Generator) -> str:
    def digits(count: int) -> str:
        return "".join(str(d) for d in rng.integers(10, size=count))

    forms = (
        lambda: digits(int(rng.integers(1, 6))),
        lambda: f"${digits(1)}.{digits(2)}",
        lambda: f"{rng.integers(24)}:{rng.integers(60):02d}",
        lambda: f"{rng.integers(1, 10) * 10}%",
        lambda: f"{digits(3)}-{digits(4)}",
        lambda: f"{string.ascii_uppercase[rng.integers(26)]}{digits(2)}",
        lambda: f"{rng.integers(1, 32)}/{rng.integers(1, 13)}",
        lambda: f"{rng.integers(1900, 2030)}",
    )
    return forms[rng.integers(len(forms))]()
