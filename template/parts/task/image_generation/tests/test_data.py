# % include 'template/parts/task/image_classification/tests/test_data.py' %#
