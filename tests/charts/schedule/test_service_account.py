from tests.charts.rendering import VALUES, of_kind


def test_the_jobs_have_an_account_of_their_own_without_any_role():
    accounts = {one["metadata"]["name"] for one in of_kind("ServiceAccount", *VALUES["everything"])}
    bound = [s for b in of_kind("RoleBinding", *VALUES["everything"]) for s in b["subjects"]]
    assert "efface-schedule" in accounts
    assert accounts & {subject["name"] for subject in bound} == set()
