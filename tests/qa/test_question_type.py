import pytest

from nlg.qa.config import ANSWER_TYPES
from nlg.qa.question_type import answer_type

QUESTIONS = {
    "person": [
        "《骆驼祥子》是谁写的？",
        "谁最先登上了月球",
        "火药是何人发明的？",
        "哪位皇帝修了大运河？",
        "哪一位是这家店的掌柜？",
        "哪个诗人自号青莲居士？",
        "《茶馆》的作者是哪个著名剧作家？",
        "什么人住在窑洞里？",
        "电话的发明者是",
        "这部电影的导演叫什么名字？",
        "开国大典上的主持人是：",
        "他的父亲是哪个人物？",
    ],
    "place": [
        "熊猫住在哪里？",
        "石林在哪儿",
        "他们去哪呢？",
        "端砚产于何处？",
        "哪个城市有西湖？",
        "金字塔在哪个国家",
        "他是哪国人？",
        "什么地方的葡萄最甜？",
        "巴西的首都是什么？",
        "世界上最大的岛屿是",
        "长江流入哪个海？",
        "茅台酒的产地？",
        "哪些省份和云南接壤？",
        "老舍的故乡是哪座城市？",
        "最南边是在那里？",
    ],
    "time": [
        "什么时候下雪？",
        "长城是何时开始修的？",
        "他哪年毕业",
        "哪一年通的火车？",
        "兵马俑是哪个朝代的？",
        "几月几号是中秋节？",
        "今天星期几",
        "他于何年去世？",
        "恐龙生活在什么时代？",
        "花在哪个季节开？",
        "图书馆的开放时间",
        "鲁迅的生日是？",
    ],
    "number": [
        "一斤是多少克？",
        "蜘蛛有几条腿？",
        "珠峰有多高？",
        "从这里到县城多远",
        "煮鸡蛋要多久？",
        "他排第几？",
        "大象多重？",
        "船有多长",
        "故宫的面积是",
        "这座城市的人口：",
        "光的速度是什么？",
        "一打有几个？",
    ],
    "organisation": [
        "哪家公司造了这辆车？",
        "他毕业于哪所大学？",
        "什么机构发行人民币？",
        "她效力于哪支球队？",
        "哪个国家队得了第一？",
        "这本书由哪个出版社出版？",
        "他加入了什么党派？",
        "主办单位是",
    ],
    "other": [
        "什么是光合作用？",
        "天为什么是蓝的？",
        "如何腌萝卜？",
        "这个成语是什么意思",
        "石头记又叫什么？",
        "哪种水果最酸？",
        "哪种水果山里最多？",
        "他说哪种语言？",
        "哪段城墙最老？",
        "京剧有什么特点？",
        "很多大学生喜欢什么？",
        "几何是研究什么的？",
        "哪首歌最好听",
    ],
}
ASKED = [(question, kind) for kind in QUESTIONS for question in QUESTIONS[kind]]


def test_there_are_questions_of_each_type():
    assert tuple(QUESTIONS) == ANSWER_TYPES
    assert len(ASKED) > 60


@pytest.mark.parametrize(("question", "kind"), ASKED)
def test_a_question_tells_what_it_asks_for(question, kind):
    assert answer_type(question) == kind


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("熊貓住在哪裡？", "place"),
        ("這本書是誰寫的？", "person"),
        ("中國有多少個省？", "number"),
        ("哪個國家最大", "place"),
    ],
)
def test_traditional_characters_tell_the_same(question, kind):
    assert answer_type(question) == kind


@pytest.mark.parametrize("question", ["", "？", "😀", "abc", "春" * 2000, "哪", "什么"])
def test_what_is_no_question_is_other(question):
    assert answer_type(question) == "other"
