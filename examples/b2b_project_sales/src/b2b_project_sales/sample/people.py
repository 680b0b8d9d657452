"""The invented company: its regions, teams and people. It is the same for every seed."""

from __future__ import annotations

import attrs

__all__ = ["ADMINISTRATOR", "COMPANY", "DIRECTOR", "PEOPLE", "REGIONS", "Region", "Seller", "Team"]


@attrs.frozen
class Seller:
    """Somebody who sells: login and name."""

    login: str
    name: str


@attrs.frozen
class Team:
    """Five salespeople. A team without a manager of its own is led by the region's."""

    name: str
    manager: Seller | None
    sellers: tuple[Seller, ...]


@attrs.frozen
class Region:
    """A region with its manager, its two teams and the cities where its customers are."""

    name: str
    manager: Seller
    teams: tuple[Team, ...]
    cities: tuple[tuple[str, str], ...]

    @property
    def sellers(self) -> tuple[Seller, ...]:
        """The salespeople of both teams."""
        return tuple(seller for team in self.teams for seller in team.sellers)


def _team(name: str, manager: str | None, *sellers: str) -> Team:
    return Team(name, _person(manager) if manager else None, tuple(_person(one) for one in sellers))


def _person(text: str) -> Seller:
    login, _, name = text.partition(" ")
    return Seller(login, name)


COMPANY = "Beacon Flow Systems"
DIRECTOR = _person("zhou Zhou Yuan 周远")
ADMINISTRATOR = _person("admin Fang Jing 方静")

# The cities exist nowhere, so that no customer's name is that of a real company.
REGIONS = (
    Region(
        "East",
        _person("wu Wu Tong 吴桐"),
        (
            _team("East-1", None, "ana Lin Anna 林安娜", "bo Chen Bo 陈波", "chun Liu Chun 刘春",
                  "dan Xu Dan 许丹", "feng Guo Feng 郭锋"),
            _team("East-2", "qian Qian Hao 钱浩", "gao Gao Yi 高易", "hui Deng Hui 邓慧",
                  "jin Pan Jin 潘锦", "kai Ye Kai 叶凯", "lan Su Lan 苏岚"),
        ),
        (("Yunze", "云泽"), ("Lanport", "澜港"), ("Qingyu", "青屿")),
    ),
    Region(
        "South",
        _person("tang Tang Li 唐礼"),
        (
            _team("South-1", None, "lei Luo Lei 罗雷", "min Zeng Min 曾敏", "ning Yu Ning 余宁",
                  "ping Cai Ping 蔡平", "qing Tian Qing 田青"),
            _team("South-2", "luo Luo Yan 骆言", "rong Peng Rong 彭荣", "shan Dong Shan 董珊",
                  "tao Yuan Tao 袁涛", "wei Jiang Wei 蒋薇", "xia Shen Xia 沈霞"),
        ),
        (("Nanling Bay", "南棱湾"), ("Zhuxi", "竹汐"), ("Redcliff", "赤岩")),
    ),
    Region(
        "North",
        _person("han Han Ruo 韩若"),
        (
            _team("North-1", None, "yan Lu Yan 卢燕", "ying Jia Ying 贾颖", "yu Xia Yu 夏雨",
                  "yun Wei Yun 魏芸", "zhen Du Zhen 杜真"),
            _team("North-2", "meng Meng Fan 孟凡", "chao Ding Chao 丁超", "hong Ren Hong 任虹",
                  "jie Yao Jie 姚洁", "mei Lu Mei 陆梅", "song Hao Song 郝松"),
        ),
        (("Shuobei", "朔北"), ("Ironford", "铁津"), ("Baihe Plain", "白禾原")),
    ),
)  # fmt: skip

PEOPLE = {"salesperson": "ana", "manager": "wu", "director": "zhou"}
"""One login of each rank, for showing who sees what."""
