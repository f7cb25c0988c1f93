import pytest
from tests.export.test_unchanged import *
pytestmark = pytest.mark.usefixtures("airflow")
NAMES=[n for n,s in SCENARIOS.items() if s.dag_id.split("_",1)[1] in ("users","enrolments","cohorts","cohort_bindings","course_meta_links","groups","group_members","courses")]
@pytest.mark.parametrize("name", NAMES)
def test_all(site, name):
    SCENARIOS[name].run(site)
    changes_nothing(site)
