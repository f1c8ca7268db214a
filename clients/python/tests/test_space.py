"""Values to texts and back, and what is refused."""
import numbers

import pytest

import mushir
from mushir.space import space_of

PARAMETERS = {
    "float": (mushir.Float(0.1, 0.7), [0.1, 1 / 3, 0.7]),
    "small": (mushir.Float(1e-12, 1.0, log=True), [1e-12, 2.5e-7]),
    "int": (mushir.Int(-3, 9), [-3, 0, 9]),
    "wide": (mushir.Int(0, 2**62), [2**62 - 1]),
    "discrete": (mushir.Discrete([16, 32.5, 64]), [16, 32.5, 64]),
    "choice": (mushir.Choice(["a", 1, 1.0, True, None, ""]), ["a", 1, 1.0, True, None, ""]),
    "alike": (mushir.Choice(["1", 1]), ["1", 1]),
}


@pytest.mark.parametrize("parameter, values", PARAMETERS.values(), ids=PARAMETERS)
def test_a_value_comes_back_from_its_text(parameter, values):
    for value in values:
        back = parameter.value(parameter.text(value))
        assert back == value and type(back) is type(value)


def test_numbers_of_other_libraries_are_numbers():
    class Whole(int):
        """Stands for numpy's integers, which are registered as Integral but are no int."""

    numbers.Integral.register(Whole)
    assert mushir.Int(0, 9).text(Whole(3)) == "3"
    assert mushir.Float(0, 9).text(3) == "3.0"


@pytest.mark.parametrize("make, said", [
    (lambda: mushir.Float("0", 1), "Float: low must be a finite number, not '0'"),
    (lambda: mushir.Float(0, float("inf")), "Float: high must be a finite number, not inf"),
    (lambda: mushir.Float(0, 1, step=True), "Float: step must be a finite number, not True"),
    (lambda: mushir.Int(0, 1.5), "Int: high must be an int, not 1.5"),
    (lambda: mushir.Choice("abc"), "Choice: options must be a list of one value at least, not 'abc'"),
    (lambda: mushir.Choice([]), "Choice: options must be a list of one value at least, not []"),
    (lambda: mushir.Choice([1, 2, 1]), "Choice: options holds 1 twice"),
    (lambda: mushir.Choice([print]), "Choice: options must be texts, numbers, bools or None, not <built-in function print>"),
    (lambda: mushir.Discrete([1, "2"]), "Discrete: each of options must be a finite number, not '2'"),
    (lambda: space_of({}), "space must map one name at least to a parameter, not {}"),
    (lambda: space_of({3: [1, 2]}), "space: 3 must be a text, the name of a parameter"),
    (lambda: space_of({"lr": 3}), "space['lr'] must be a Float, Int, Discrete, Choice or list of values, not 3"),
    (lambda: mushir.Choice([1, 2]).text(3), "Choice: 3 is none of [1, 2]"),
    (lambda: mushir.Choice([1, 2]).value("3"), "Choice: '3' is none of ['1', '2']"),
])
def test_what_is_wrong_is_named(make, said):
    with pytest.raises(mushir.InvalidArgument) as caught:
        make()
    assert str(caught.value) == said
