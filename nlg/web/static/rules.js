// What rules are called and what breaking one means, in both languages.
import { t } from "./dom.js";

const COUPLET = {
  字数不等: ["两联字数不一样", "the lines differ in length"],
  标点不对: ["标点的位置不一样", "marks stand at other places"],
  同位重字: ["同一位置用了同一个字", "one character stands at one place in both lines"],
  异位重字: ["上联用过这个字", "a character of the first line again"],
  叠字不对: ["叠字没有叠在一起", "characters repeat in one line and not in the other"],
  句脚失对: ["两联末字同平仄", "both lines end in one tone"],
  下联仄收: ["下联要收在平声", "the second line ends in an oblique tone"],
  平仄失对: ["这里平仄相同", "the tones are the same here"],
};
const POEM = {
  失替: ["句中二四六平仄没有交替", "the even places do not alternate"],
  失对: ["和上一句平仄没有相对", "the line does not oppose the one before"],
  失粘: ["和上一句开头没有相粘", "the line does not begin as the one before did"],
  孤平: ["除了韵脚只有一个平声", "one level tone besides the rhyme"],
  三平尾: ["末尾三个平声", "three level tones end the line"],
  出韵: ["不在这首诗的韵里", "does not rhyme with the others"],
  韵脚仄声: ["偶句末字是仄声", "an even line ends in an oblique tone"],
  重韵: ["同一个字押了两次", "one character rhymes twice"],
  拗句: ["不合格式，但已救", "against the pattern, and made up for"],
  三仄尾: ["末尾三个仄声", "three oblique tones end the line"],
  撞韵: ["白脚和韵同音，只差声调", "sounds like the rhyme, but for its tone"],
  孤雁入群: ["首句借了邻韵", "the first line rhymes in a neighbouring group"],
  孤雁出群: ["末句用了邻韵", "the last line rhymes in a neighbouring group"],
  首句不入韵: ["首句平收而不押韵", "the first line is level and does not rhyme"],
  上尾: ["白脚同一声调", "odd lines end in one oblique tone"],
  重字: ["这个字用了两次", "a character stands twice"],
  本句自救: ["三四两字平仄互换", "the third and the fourth place trade tones"],
  对句相救: ["下句补一个平声", "made up for in the next line"],
  孤平拗救: ["后面补一个平声", "a lone level tone made up for"],
};

const said = (table) => (kind) => (table[kind] ? t(`${kind}：${table[kind][0]}`, `${kind}: ${table[kind][1]}`) : kind);
export const coupletRule = said(COUPLET);
export const poemRule = said(POEM);
