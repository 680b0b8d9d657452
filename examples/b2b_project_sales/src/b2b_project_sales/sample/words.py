"""What invented customers, products and conversations are called."""

from __future__ import annotations

__all__ = [
    "BRANCHES",
    "CATALOGUE",
    "COMPETITORS",
    "DECIDING",
    "DONE",
    "FAMILY_NAMES",
    "GIVEN_NAMES",
    "LOST",
    "NEEDS",
    "SOURCES",
    "STEMS",
    "UNFIT",
    "WHERE_FOUND",
]

# Chinese and English of one word, both invented, so that a name in either reads well.
STEMS = (
    *(("海川", "Haichuan"), ("远帆", "Farsail"), ("恒岳", "Hengyue"), ("明溪", "Brightbrook")),
    *(("松原", "Pinefield"), ("瑞禾", "Ruihe"), ("天枢", "Polestar"), ("长汀", "Longbar")),
    *(("金穗", "Goldear"), ("望潮", "Tidewatch"), ("石桥", "Stonebridge"), ("柏青", "Cypress")),
    *(("云帆", "Cloudsail"), ("启明", "Daystar"), ("安澜", "Calmwater"), ("宏泰", "Hongtai")),
    *(("星湖", "Starlake"), ("丰和", "Fenghe"), ("北辰", "Northmark"), ("嘉木", "Fairwood")),
)

# industry, Chinese and English part of the name
BRANCHES = (
    ("water", "水务有限公司", "Water Co."),
    ("chemicals", "化工有限公司", "Chemicals Ltd."),
    ("food", "食品有限公司", "Foods Ltd."),
    ("energy", "热力有限公司", "Heat and Power Co."),
    ("paper", "纸业有限公司", "Paper Mill Co."),
    ("pharmaceuticals", "制药有限公司", "Pharma Ltd."),
    ("machinery", "机械有限公司", "Machinery Works"),
    ("building", "建设工程有限公司", "Construction Ltd."),
)

FAMILY_NAMES = tuple("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗")
GIVEN_NAMES = (
    *("建华", "晓明", "丽君", "志强", "雪梅", "文博", "佳怡", "国栋", "思远", "婷婷"),
    *("海燕", "俊杰", "春晖", "玉兰", "振宇", "若琳", "德胜", "秋月", "一鸣", "素芬"),
)

# where customers were met
SOURCES = ("trade fair", "recommendation", "web site", "tender notice", "cold call")

# category: (code, name, unit, price in yuan, cost in yuan)
CATALOGUE = {
    "Pumps": (
        ("P-100", "Centrifugal pump 15 kW 离心泵", "piece", 18600, 12400),
        ("P-200", "Centrifugal pump 55 kW 离心泵", "piece", 46800, 31900),
        ("P-310", "Submersible sewage pump 潜污泵", "piece", 27500, 18300),
        ("P-400", "Dosing pump 计量泵", "piece", 8900, 5200),
    ),
    "Valves": (
        ("V-080", "Gate valve DN80 闸阀", "piece", 1280, 760),
        ("V-300", "Butterfly valve DN300 蝶阀", "piece", 4650, 2950),
        ("V-500", "Control valve with actuator 调节阀", "piece", 15400, 9800),
        ("V-600", "Check valve DN200 止回阀", "piece", 2380, 1490),
    ),
    "Controls": (
        ("C-010", "Frequency converter 55 kW 变频器", "piece", 22800, 16100),
        ("C-020", "Pump control cabinet 控制柜", "piece", 38500, 24700),
        ("C-100", "Level and flow sensors, set 传感器", "set", 9600, 5700),
        ("C-200", "Control room software 监控软件", "licence", 88000, 21000),
    ),
    "Packages": (
        ("K-010", "Booster station, packaged 增压泵站", "piece", 86500, 58800),
        ("K-020", "Fire pump set 消防泵组", "set", 74200, 50100),
        ("K-030", "Dosing skid 加药装置", "piece", 52800, 34900),
        ("K-040", "Heat exchange unit 换热机组", "piece", 79800, 54600),
    ),
    "Services": (
        ("S-010", "Commissioning, day 调试", "day", 2400, 1300),
        ("S-020", "Yearly maintenance 年度维保", "year", 26800, 15500),
        ("S-030", "Energy audit 节能诊断", "piece", 18000, 8200),
        ("S-040", "Operator training 培训", "course", 9800, 4100),
    ),
}

# what a deal is about
NEEDS = (
    ("Replacement pumps 水泵更新", "The old pumps fail twice a month and their makers are gone."),
    ("Booster station 增压站", "Pressure on the upper floors is too low since the new wing opened."),
    ("Valve exchange 阀门更换", "Leaking valves in the north hall have to go before winter."),
    ("Dosing unit 加药系统", "Dosing by hand is no longer allowed by the authority."),
    ("Heat exchange 换热站", "The heating season begins in November, the unit has to run by then."),
    ("Maintenance contract 维保合同", "They want one supplier for all rotating machines."),
    ("Energy saving 节能改造", "Electricity for pumping has to fall by a fifth."),
    ("Control room 集控室", "Four stations shall be watched from one room."),
)

COMPETITORS = ("Tidal Pumps", "Kirin Valves", "Norlake", "Greyson Fluid", "大禹流体", "恒驱泵业")
LOST = ("price too high", "competitor was specified", "project postponed", "no budget", "delivery too late")
# why a card from the fair leads nowhere
UNFIT = ("a student", "a competitor", "only wanted a pen", "buys through a trader")
DECIDING = (
    "The plant manager proposes, the owner signs above 50,000.",
    "Technical office specifies, procurement asks three offers.",
    "Yearly budget in autumn, orders from February on.",
    "Group headquarters approves everything above 200,000.",
)

# what was talked of when a stage was reached: kind of activity, summary
DONE = {
    "filed": ("call", "They called again and asked for what we had talked about."),
    "contacted": ("call", "First call: explained what we supply and asked who decides."),
    "need_confirmed": ("visit", "Walked through the plant, took down the duty points and dimensions."),
    "quoted": ("quotation", "Sent the quotation and went through it line by line on the telephone."),
    "negotiating": ("meeting", "Negotiated delivery time, payment and the spare parts package."),
    "won": ("meeting", "Contract signed, handed the order over to the works."),
    "lost": ("call", "They told us that they do not order from us and why."),
}
WHERE_FOUND = {"call": "telephone", "visit": "on site", "quotation": "email", "meeting": "their office"}
