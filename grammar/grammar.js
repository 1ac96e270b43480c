// The language of Grafana Alloy configuration files, for editors. Every token comes from the external scanner
// (src/scanner.re), which shares its definitions with the compiler (tokens.re) and inserts terminators by
// the same rule; this file says how tokens combine. A tree without errors is exactly what the
// compiler's reader accepts.

const RANK = { or: 1, and: 2, compare: 3, add: 4, multiply: 5, power: 6, unary: 7, postfix: 8 };

const list = (item) => seq(item, repeat(seq(',', item)), optional(','));

module.exports = grammar({
  name: 'alloy',

  externals: ($) => [
    $._terminator,
    $.identifier,
    $.number,
    $.float,
    $.string,
    $.label,
    $.bool,
    $.null,
    $.comment,
    '||', '&&', '!', '=', '==', '!=', '<', '<=', '>', '>=',
    '+', '-', '*', '/', '%', '^',
    '{', '}', '(', ')', '[', ']', ',', '.',
  ],

  extras: ($) => [/[ \t\r\n]+/, $.comment],

  supertypes: ($) => [$._statement, $._expression],

  rules: {
    source_file: ($) => optional($._statements),

    _statements: ($) =>
      seq($._statement, repeat(seq($._terminator, $._statement)), optional($._terminator)),

    _statement: ($) => choice($.attribute, $.block),

    attribute: ($) => seq(field('name', $.identifier), '=', field('value', $._expression)),

    block: ($) =>
      seq(field('name', $.block_name), optional(field('label', $.label)), field('body', $.body)),

    block_name: ($) => seq($.identifier, repeat(seq('.', $.identifier))),

    body: ($) => seq('{', optional($._statements), '}'),

    _expression: ($) =>
      choice(
        $.variable,
        $.number,
        $.float,
        $.string,
        $.bool,
        $.null,
        $.array,
        $.object,
        $.parenthesized,
        $.access,
        $.index,
        $.call,
        $.unary,
        $.binary,
      ),

    variable: ($) => $.identifier,

    array: ($) => seq('[', optional(list($._expression)), ']'),

    object: ($) => seq('{', optional(list($.field)), '}'),

    field: ($) =>
      seq(field('name', choice($.identifier, $.string)), '=', field('value', $._expression)),

    parenthesized: ($) => seq('(', $._expression, ')'),

    access: ($) =>
      prec(RANK.postfix, seq(field('value', $._expression), '.', field('name', $.identifier))),

    index: ($) =>
      prec(RANK.postfix, seq(field('value', $._expression), '[', field('index', $._expression), ']')),

    call: ($) =>
      prec(RANK.postfix, seq(field('function', $._expression), field('arguments', $.arguments))),

    arguments: ($) => seq('(', optional(list($._expression)), ')'),

    unary: ($) =>
      prec(RANK.unary, seq(field('operator', choice('!', '-')), field('operand', $._expression))),

    binary: ($) => {
      const levels = [
        [prec.left, RANK.or, ['||']],
        [prec.left, RANK.and, ['&&']],
        [prec.left, RANK.compare, ['==', '!=', '<', '<=', '>', '>=']],
        [prec.left, RANK.add, ['+', '-']],
        [prec.left, RANK.multiply, ['*', '/', '%']],
        [prec.right, RANK.power, ['^']],
      ];
      return choice(
        ...levels.map(([side, rank, operators]) =>
          side(
            rank,
            seq(
              field('left', $._expression),
              field('operator', operators.length > 1 ? choice(...operators) : operators[0]),
              field('right', $._expression),
            ),
          ),
        ),
      );
    },
  },
});
