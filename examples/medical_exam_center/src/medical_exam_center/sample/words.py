"""What is said of the invented centre: its packages, and the names of people and firms that exist nowhere."""

from __future__ import annotations

from pycrm import Money

from medical_exam_center.package import ExamPackage, PackageItem, Sex
from medical_exam_center.slot import Resource

__all__ = ["CAPACITY", "FIRMS", "GIVEN", "SOURCES", "SURNAMES", "packages"]

SOURCES = ("Company contract", "Walk-in", "Recommended", "Website")
FIRMS = (
    ("Tidegate Logistics", "潮门物流"),
    ("Brightwell Textiles", "明井纺织"),
    ("Northlamp Schools", "北灯学校"),
)
SURNAMES = (
    *(("Ai", "艾"), ("Bian", "卞"), ("Chu", "楚"), ("Dai", "戴"), ("E", "鄂"), ("Fei", "费")),
    *(("Geng", "耿"), ("Hua", "华"), ("Ji", "季"), ("Kang", "康"), ("Lian", "连"), ("Miao", "苗")),
)
GIVEN = (
    *(("Anran", "安然", "female"), ("Boyuan", "博远", "male"), ("Chenxi", "晨曦", "female")),
    *(("Dongmei", "冬梅", "female"), ("Enze", "恩泽", "male"), ("Fangfei", "芳菲", "female")),
    *(("Guangyu", "光宇", "male"), ("Haoran", "浩然", "male"), ("Jingyi", "静怡", "female")),
)
# Places of each half-day.
CAPACITY = {
    Resource.RECEPTION: 12,
    Resource.ULTRASOUND: 6,
    Resource.CT: 3,
    Resource.GASTROSCOPY: 2,
}

_BLOOD = PackageItem(name="Blood count 血常规", department="Laboratory 检验科", fasting=True)
_LIVER = PackageItem(name="Liver and kidney 肝肾功能", department="Laboratory 检验科", fasting=True)
_CHEST = PackageItem(name="Chest film 胸片", department="Radiology 放射科")
_HEART = PackageItem(name="Electrocardiogram 心电图", department="Internal medicine 内科")
_LUNG = PackageItem(name="Low-dose CT 低剂量CT", department="Radiology 放射科", resource=Resource.CT)
_ABDOMEN = PackageItem(
    name="Abdominal ultrasound 腹部彩超",
    department="Ultrasound 超声科",
    resource=Resource.ULTRASOUND,
    fasting=True,
)
_STOMACH = PackageItem(
    name="Gastroscopy 胃镜", department="Endoscopy 内镜室", resource=Resource.GASTROSCOPY, fasting=True
)
_PROSTATE = PackageItem(
    name="Prostate 前列腺", department="Ultrasound 超声科", resource=Resource.ULTRASOUND, sex=Sex.MALE
)
_BREAST = PackageItem(
    name="Breast 乳腺", department="Ultrasound 超声科", resource=Resource.ULTRASOUND, sex=Sex.FEMALE
)


def packages() -> list[ExamPackage]:
    """The six packages, by sex and age."""

    def one(
        code: str, name: str, price: str, sex: Sex, ages: tuple[int, int], *items: PackageItem
    ) -> ExamPackage:
        return ExamPackage(
            code=code,
            name=name,
            price=Money(price, "CNY"),
            sex=sex,
            age_from=ages[0],
            age_to=ages[1],
            items=items,
        )

    basic = (_BLOOD, _LIVER, _CHEST, _HEART)
    return [
        one("P100", "Entry 入职", "180", Sex.ANY, (16, 60), _BLOOD, _CHEST),
        one("P200", "Basic 基础", "420", Sex.ANY, (18, 130), *basic, _ABDOMEN),
        one("P310", "Men under 40 青年男士", "760", Sex.MALE, (18, 39), *basic, _ABDOMEN),
        one("P320", "Men from 40 中年男士", "1380", Sex.MALE, (40, 130), *basic, _PROSTATE, _LUNG),
        one("P330", "Women 女士", "1260", Sex.FEMALE, (18, 130), *basic, _BREAST),
        one("P400", "Deep 深度", "3680", Sex.ANY, (40, 130), *basic, _ABDOMEN, _LUNG, _STOMACH),
    ]
